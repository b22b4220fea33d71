import { css } from "lit";

export const appStyles = css`
  :host {
    display: grid;
    grid-template-rows: auto auto minmax(0, 1fr);
    height: 100dvh;
  }
  .top {
    display: flex;
    align-items: center;
    gap: 20px;
    min-width: 0;
    padding: 8px 16px;
    border-bottom: 1px solid var(--line);
  }
  .brand {
    display: inline-flex;
    flex: none;
    align-items: center;
    gap: 9px;
    color: var(--ink);
    font-size: 18px;
    font-weight: 680;
    letter-spacing: -0.01em;
    text-decoration: none;
  }
  machine-tabs {
    flex: 1;
  }
  .notes {
    display: grid;
    gap: 8px;
    padding: 0 16px;
  }
  .notes page-notice:first-child {
    margin-top: 10px;
  }
  main {
    display: grid;
    grid-template: minmax(0, 1fr) / minmax(0, 1fr);
    min-height: 0;
    padding: 12px 16px 10px;
  }
  .empty {
    display: grid;
    place-content: center;
    justify-items: center;
    gap: 12px;
    padding: 24px;
    text-align: center;
  }
  h1 {
    margin: 8px 0 0;
    font-size: clamp(24px, 4vw, 34px);
    font-weight: 680;
    letter-spacing: -0.02em;
    line-height: 1.15;
  }
  p {
    max-width: 44ch;
    margin: 0 0 8px;
    color: var(--muted);
  }
  .empty .primary {
    min-height: 44px;
    padding: 0 22px;
    font-size: 16px;
  }
  .drop {
    position: fixed;
    inset: 0;
    z-index: 10;
    display: grid;
    place-items: center;
    border: 3px dashed var(--accent);
    background: color-mix(in srgb, var(--page) 80%, transparent);
    pointer-events: none;
  }
  .drop p {
    max-width: none;
    padding: 14px 22px;
    border-radius: var(--radius);
    background: var(--accent);
    color: var(--on-accent);
    font-size: 17px;
    font-weight: 600;
  }
  @media (max-width: 640px) {
    .top {
      gap: 10px;
      padding: 6px 10px;
    }
    .brand {
      font-size: 0;
      gap: 0;
    }
    .notes {
      padding: 0 10px;
    }
    main {
      padding: 8px 10px;
    }
  }
`;
