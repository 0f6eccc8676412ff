/**
 * What the page of a folder asks for at the folder's own address. It does not stand in the page, since a site that adds a
 * Content-Security-Policy hardly lets styles in pages count.
 */
export const STYLE_QUERY = 'style';

export const LISTING_STYLE = `:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.25rem; font-weight: 600; overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; table-layout: fixed; }
th, td { padding: .5rem; text-align: left; border-bottom: 1px solid #8884; vertical-align: baseline; }
th { font-weight: 600; white-space: nowrap; }
td { overflow-wrap: anywhere; }
.size { width: 6rem; text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.time { width: 11rem; text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
a { color: LinkText; text-decoration: none; }
a:hover, a:focus-visible { text-decoration: underline; }
th a { color: inherit; }
tbody tr:hover { background: #8881; }
p { color: GrayText; }
@media (max-width: 36rem) {
  body { padding: .5rem; }
  .size, .time { font-size: .875rem; }
  .time { width: 6rem; }
  .clock { display: none; }
  .size { width: 5rem; }
}
`;
