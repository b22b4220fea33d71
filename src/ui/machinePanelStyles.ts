/** How a machine's panel is laid out: screen and terminal side by side where there is room, else one above the other. */
import { css } from "lit";

export const panelStyles = css`
  :host {
    display: flex;
    flex-direction: column;
    gap: 10px;
    min-width: 0;
    min-height: 0;
    container-type: size;
  }
  .bar {
    display: flex;
    align-items: center;
    justify-content: space-between;
    gap: 12px;
    min-width: 0;
  }
  /* The tab shows the name; this is for those who hear the page. */
  h2 {
    position: absolute;
    width: 1px;
    height: 1px;
    margin: 0;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }
  page-notice {
    flex: none;
  }
  pre {
    max-height: 30cqh;
    margin: 8px 0 0;
    overflow: auto;
    font: 12.5px / 1.5 var(--mono);
    white-space: pre;
  }
  .actions {
    margin-top: 8px;
  }
  button.beside {
    min-height: 28px;
    margin: -4px 0 -4px 8px;
  }
  .stage {
    display: grid;
    flex: 1;
    grid-auto-flow: column;
    grid-auto-columns: minmax(0, 1fr);
    gap: 12px;
    min-height: 0;
  }
  status-line {
    min-width: 0;
  }
  machine-toolbar {
    flex: none;
  }
  :host(:fullscreen) {
    padding: 8px;
    background: var(--page);
  }
  :host(:fullscreen) .bar,
  :host(:fullscreen) page-notice {
    display: none;
  }
  section {
    display: grid;
    grid-template-rows: auto minmax(0, 1fr);
    min-width: 0;
    min-height: 0;
    overflow: hidden;
    border: 1px solid var(--line);
    border-radius: var(--radius);
    background: var(--surface);
    box-shadow: var(--shadow);
  }
  section:focus-within {
    border-color: var(--accent);
  }
  section header {
    display: flex;
    align-items: center;
    gap: 7px;
    padding: 6px 12px;
    color: var(--muted);
    font-size: 13px;
  }
  section header svg {
    width: 16px;
    height: 16px;
  }
  section:focus-within header {
    color: var(--accent);
  }
  button.line {
    min-height: 24px;
    margin: -3px 0;
    padding: 0 8px;
    border-color: transparent;
    background: transparent;
    color: var(--muted);
    font-size: 13px;
  }
  button.line[aria-pressed="true"] {
    background: var(--sunken);
    color: var(--ink);
  }
  @container (max-width: 820px) {
    .stage {
      grid-auto-flow: row;
      grid-auto-columns: auto;
      grid-template-rows: minmax(150px, calc((100cqw - 2px) * 0.5556 + 34px)) minmax(180px, 1fr);
      overflow: auto;
    }
    :host([view="screen"]) .stage,
    :host([view="serial"]) .stage,
    .stage.typing {
      grid-template-rows: minmax(0, 1fr);
    }
    /* The keyboard is the screen's; the terminal would leave no room for it. */
    .stage.typing .screen + .serial {
      display: none;
    }
  }
  :host([embedded]) {
    gap: 6px;
    padding: 6px;
  }
  :host([embedded]) section {
    border-radius: 6px;
    box-shadow: none;
  }
  :host([embedded]) section header {
    display: none;
  }
  :host([embedded]) section {
    grid-template-rows: minmax(0, 1fr);
  }
`;
