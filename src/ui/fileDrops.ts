/** Files and folders that are dragged over the page and dropped on it, wherever on it that is. */

export interface FileDropOptions {
  /** Files are over the page, or no more. */
  onHover(hovering: boolean): void;
  /** The items are there as long as the event. */
  onDrop(items: DataTransferItemList): void;
}

/** Returns how to stop. Without it the browser would leave the page and show the file. */
export function watchFileDrops({ onHover, onDrop }: FileDropOptions): () => void {
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
    if (event.dataTransfer) onDrop(event.dataTransfer.items);
  });
  return () => listeners.abort();
}

/** Text and links go where they were going to. */
function hasFiles(event: DragEvent): boolean {
  return event.dataTransfer?.types.includes("Files") === true;
}
