/** Small line icons, drawn in the text's colour. */
import { type SVGTemplateResult, svg } from "lit";

function icon(paths: SVGTemplateResult): SVGTemplateResult {
  return svg`<svg viewBox="0 0 20 20" fill="none" stroke="currentColor" stroke-width="1.7" stroke-linecap="round"
    stroke-linejoin="round" aria-hidden="true">${paths}</svg>`;
}

export const ICONS = {
  plus: icon(svg`<path d="M10 4v12M4 10h12"/>`),
  close: icon(svg`<path d="M5 5l10 10M15 5L5 15"/>`),
  pause: icon(svg`<path d="M7 4.500v11M13 4.500v11"/>`),
  play: icon(svg`<path d="M6.500 4.500v11l9-5.500z"/>`),
  reset: icon(svg`<path d="M15.700 8A6 6 0 1 0 16 11.200M16 4v4h-4"/>`),
  keyboard: icon(
    svg`<rect x="2.500" y="5" width="15" height="10" rx="2"/><path d="M5.500 8.200h.01M8.500 8.200h.01M11.500 8.200h.01M14.500 8.200h.01M6.500 11.800h7"/>`,
  ),
  power: icon(svg`<path d="M10 3.500v6M6 5.700a6 6 0 1 0 8 0"/>`),
  paste: icon(
    svg`<rect x="4.500" y="4" width="11" height="13" rx="1.500"/><path d="M8 4a2 2 0 0 1 4 0M8 9h4M8 12.500h4"/>`,
  ),
  fullScreen: icon(svg`<path d="M4 8V4h4M12 4h4v4M16 12v4h-4M8 16H4v-4"/>`),
  screen: icon(svg`<rect x="2.500" y="4" width="15" height="10" rx="1.500"/><path d="M7 17h6"/>`),
  terminal: icon(svg`<path d="M4 6l4 4-4 4M10.500 14H16"/>`),
  warning: icon(svg`<path d="M10 3.500l7.500 13h-15zM10 8.500v3.500M10 14.300h.01"/>`),
} as const;
