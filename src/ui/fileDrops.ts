/** Files that are dragged over the page and dropped on it, wherever on it that is. */

export interface FileDropOptions {
  /** Files are over the page, or no more. */
  onHover(hovering: boolean): void;
  onFiles(files: readonly File[]): void;
}

/** Returns how to stop. Without it the browser would leave the page and show the file. */
export function watchFileDrops({ onHover, onFiles }: FileDropOptions): () => void {
  const listeners = new AbortController();
  const listen = (type: "dragover" | "dragleave" | "drop", act: (event: DragEvent) => void) =>
    window.addEventListener(type, (event) => hasFiles(event) && act(event), { signal: listeners.signal });
  listen("dragover", (event) => {
    event.preventDefault();
    onHover(true);
  });
  listen("dragleave", (event) => {
    // Into another element of the page it goes with one; out of the page, without.
    if (event.relatedTarget === null) onHover(false);
  });
  listen("drop", (event) => {
    event.preventDefault();
    onHover(false);
    onFiles([...(event.dataTransfer?.files ?? [])]);
  });
  return () => listeners.abort();
}

/** Text and links go where they were going to. */
function hasFiles(event: DragEvent): boolean {
  return event.dataTransfer?.types.includes("Files") === true;
}
