import { css } from "lit";

export const screenKeyboardStyles = css`
  :host {
    display: block;
    flex: none;
    min-width: 0;
  }
  .keys {
    display: grid;
    gap: 5px;
    max-width: 700px;
    margin: 0 auto;
    padding: 7px 5px;
    border: 1px solid var(--line);
    border-radius: var(--radius);
    background: var(--sunken);
    user-select: none;
    -webkit-user-select: none;
    touch-action: none;
  }
  .row {
    display: flex;
    gap: 4px;
    min-width: 0;
  }
  button {
    flex: 1 1 0;
    min-width: 0;
    height: 40px;
    padding: 0;
    border: 1px solid var(--line);
    border-bottom-width: 2px;
    border-radius: 7px;
    background: var(--surface);
    color: var(--ink);
    font: 17px / 1 var(--sans);
    white-space: nowrap;
    cursor: pointer;
    touch-action: none;
    -webkit-tap-highlight-color: transparent;
  }
  button.named {
    background: color-mix(in srgb, var(--surface) 55%, var(--sunken));
    color: var(--muted);
    font-size: 12px;
    font-weight: 600;
  }
  button[data-code^="Arrow"],
  button[data-code="Backspace"],
  button[data-code="ShiftLeft"] {
    font-size: 17px;
  }
  button:active,
  button.held {
    border-color: var(--accent);
    background: var(--accent-soft);
    color: var(--accent);
  }
  button.locked {
    background: var(--accent);
    color: var(--on-accent);
  }
  svg {
    width: 17px;
    height: 17px;
    vertical-align: middle;
  }
  @media (max-width: 640px) {
    :host {
      margin: 0 -6px -4px;
    }
    .keys {
      padding: 5px 3px;
    }
    .row {
      gap: 3px;
    }
  }
  @media (max-height: 560px) {
    .keys {
      gap: 3px;
    }
    button {
      height: 32px;
    }
  }
`;
