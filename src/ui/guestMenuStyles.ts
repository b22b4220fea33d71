import { css } from "lit";

export const menuStyles = css`
  dialog {
    width: min(720px, calc(100vw - 24px));
    max-height: calc(100dvh - 24px);
    padding: 0;
    border: 1px solid var(--line);
    border-radius: 14px;
    background: var(--surface);
    color: var(--ink);
    box-shadow: 0 24px 64px rgb(0 0 0 / 28%);
  }
  dialog::backdrop {
    background: rgb(10 14 18 / 45%);
  }
  .sheet {
    display: grid;
    gap: 14px;
    padding: 18px 20px 20px;
  }
  header {
    display: flex;
    align-items: center;
    justify-content: space-between;
  }
  /* What goes with every guest that is started stands above them. */
  .sheet > header {
    order: -2;
  }
  shared-folder[sharing] {
    order: -1;
  }
  h2 {
    margin: 0;
    font-size: 19px;
    font-weight: 650;
  }
  .cards {
    display: grid;
    grid-template-columns: repeat(auto-fill, minmax(200px, 1fr));
    gap: 10px;
  }
  button.card {
    display: flex;
    flex-direction: column;
    align-items: stretch;
    justify-content: flex-start;
    gap: 5px;
    padding: 14px;
    border-radius: var(--radius);
    background: var(--page);
    text-align: left;
    white-space: normal;
  }
  button.card:hover:not(:disabled) {
    border-color: var(--accent);
    background: var(--accent-soft);
  }
  button.card:disabled {
    opacity: 1;
    border-style: dashed;
  }
  .name {
    font-size: 15px;
    font-weight: 600;
  }
  .card:disabled .name {
    color: var(--muted);
  }
  .about {
    flex: 1;
    color: var(--muted);
    line-height: 1.4;
  }
  .facts {
    margin-top: 4px;
    color: var(--muted);
    font-size: 12.5px;
  }
  code {
    color: var(--ink);
    font: 12px var(--mono);
    user-select: all;
  }
  .files {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: 8px 12px;
    margin: 0;
    color: var(--muted);
    font-size: 13px;
  }
  label.button {
    padding: 8px 14px;
    border: 1px solid var(--line);
    border-radius: 8px;
    color: var(--ink);
    font-size: 14px;
    cursor: pointer;
  }
  label.button:hover {
    border-color: color-mix(in srgb, var(--ink) 35%, var(--line));
  }
  label.button:focus-within {
    outline: 2px solid var(--accent);
    outline-offset: 2px;
  }
  label.button input {
    position: absolute;
    width: 1px;
    height: 1px;
    min-height: 0;
    padding: 0;
    opacity: 0;
  }
  summary {
    width: fit-content;
    color: var(--muted);
    font-size: 14px;
    cursor: pointer;
  }
  form {
    display: grid;
    grid-template-columns: 1fr 1fr;
    gap: 12px;
    margin-top: 12px;
  }
  label {
    display: grid;
    gap: 4px;
    color: var(--muted);
    font-size: 13px;
  }
  .wide {
    grid-column: 1 / -1;
  }
  .check {
    display: flex;
    align-items: center;
    gap: 8px;
  }
  .check input {
    width: auto;
    min-height: 0;
  }
  input,
  select {
    width: 100%;
    min-height: 36px;
    padding: 0 10px;
    border: 1px solid var(--line);
    border-radius: 8px;
    background: var(--page);
    color: var(--ink);
    font: 14px var(--sans);
  }
  input::placeholder {
    color: var(--muted);
    opacity: 0.8;
  }
  @media (max-width: 480px) {
    .cards {
      grid-template-columns: 1fr;
    }
  }
`;
