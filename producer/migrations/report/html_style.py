"""The style of the HTML report: light or dark by the reader's system, narrow or wide."""

from __future__ import annotations

STYLE = """
:root {
  color-scheme: light dark;
  --page: #f6f7f9; --card: #fff; --text: #1b2430; --quiet: #5b6675; --line: #dde2e8;
  --accent: #2f6fde; --accent-soft: #2f6fde22;
  --applied: #1f9d61; --already_so: #57b894; --superseded: #8a94a3; --drifted: #c98a00;
  --rejected: #d2453a; --invalid: #d9692b; --cancelled: #7d8794; --failed: #a3265c;
  --unknown: #7a5bd0; --pending: #c3cad3; --sent: #4f8df0;
  --skipped: #a9b2be; --ambiguous: #b0741e;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #11161d; --card: #1a212b; --text: #e6eaf0; --quiet: #9aa6b5; --line: #303a47;
    --accent: #74a7ff; --accent-soft: #74a7ff26;
    --applied: #37c07f; --already_so: #6fcfaa; --superseded: #93a0b1; --drifted: #e5b143;
    --rejected: #f0776d; --invalid: #ee9159; --cancelled: #8c98a8; --failed: #e277a3;
    --unknown: #a78cf0; --pending: #4a5564; --sent: #6ea3ff;
    --skipped: #5b6675; --ambiguous: #d9a24f;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 1.5rem 1rem 3rem; max-width: 62rem; background: var(--page);
  color: var(--text); font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
}
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0; overflow-wrap: anywhere; }
h2 { font-size: 1.1rem; margin: 0 0 .75rem; }
h3 { font-size: 1rem; margin: 0; overflow-wrap: anywhere; }
p { margin: .25rem 0; }
code { font: .9em ui-monospace, SFMono-Regular, Menlo, Consolas, monospace;
  overflow-wrap: anywhere; }
section { background: var(--card); border: 1px solid var(--line); border-radius: 10px;
  padding: 1.1rem 1.25rem; margin-top: 1rem; }
.quiet { color: var(--quiet); }
.small { font-size: .875rem; }
.pill { display: inline-block; border: 1px solid currentColor; border-radius: 99px;
  padding: 0 .6rem; font-size: .8rem; font-weight: 600; vertical-align: .2em; margin-left: .5rem; }
.headline { font-size: 1.35rem; line-height: 1.3; font-weight: 600; margin: 0 0 .9rem; }
.bar { display: block; width: 100%; height: 1.1rem; border-radius: 6px; }
.bar rect { fill: var(--of); }
table { border-collapse: collapse; width: 100%; }
th { text-align: left; font-weight: 600; font-size: .8rem; color: var(--quiet); }
th, td { padding: .4rem .75rem .4rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
tbody tr:last-child td { border-bottom: 0; }
tfoot td { border-top: 2px solid var(--line); border-bottom: 0; font-weight: 600; }
.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.dot { display: inline-block; width: .7rem; height: .7rem; border-radius: 3px;
  margin-right: .5rem; background: var(--of); }
.state { white-space: nowrap; font-weight: 600; }
.chart { margin: 0; display: grid; grid-template-columns: auto 1fr; column-gap: .5rem; }
.chart figcaption { grid-column: 1 / -1; margin-bottom: .75rem; color: var(--quiet); }
.plot { width: 100%; height: 11rem; overflow: visible; }
.ys, .xs { display: flex; justify-content: space-between; color: var(--quiet); font-size: .8rem;
  font-variant-numeric: tabular-nums; }
.ys { flex-direction: column; text-align: right; line-height: 1; margin: -.4rem 0; }
.xs { grid-column: 2; margin-top: .4rem; }
.grid { stroke: var(--line); vector-effect: non-scaling-stroke; }
.area { fill: var(--accent-soft); }
.line { fill: none; stroke: var(--accent); stroke-width: 2; vector-effect: non-scaling-stroke;
  stroke-linejoin: round; }
.why { border-left: 4px solid var(--of); padding: .1rem 0 .1rem .9rem; margin-top: 1.25rem; }
.why .count { font-variant-numeric: tabular-nums; }
.todo { margin: .3rem 0 .4rem; }
.todo b { color: var(--accent); }
summary { cursor: pointer; color: var(--quiet); font-size: .875rem; }
.rows { overflow-x: auto; font-size: .875rem; }
.rows td { overflow-wrap: anywhere; }
.rows td:first-child { white-space: nowrap; overflow-wrap: normal; }
.rows td:nth-child(2), .rows td:nth-child(3) { min-width: 11rem; }
ol { margin: 0; padding-left: 1.3rem; }
li { margin: .35rem 0; }
footer { margin-top: 1.25rem; }
@media (max-width: 40rem) {
  body { padding: 1rem .6rem 2rem; }
  section { padding: .9rem .85rem; }
  .states .means { display: none; }
  .headline { font-size: 1.15rem; }
  .rows thead { display: none; }
  .rows tr { display: block; border-bottom: 1px solid var(--line); padding: .45rem 0; }
  .rows tr:last-child { border-bottom: 0; }
  .rows td { display: block; border: 0; padding: 0; }
  .rows td:nth-child(n) { min-width: 0; }
  .rows td::before { content: attr(data-name) " "; color: var(--quiet); }
  .rows td:empty { display: none; }
}
@media print { body { background: none; } section { break-inside: avoid; } }
.applied { --of: var(--applied); } .already_so { --of: var(--already_so); }
.superseded { --of: var(--superseded); } .drifted { --of: var(--drifted); }
.rejected { --of: var(--rejected); } .invalid { --of: var(--invalid); }
.cancelled { --of: var(--cancelled); } .failed { --of: var(--failed); }
.unknown { --of: var(--unknown); } .pending { --of: var(--pending); } .sent { --of: var(--sent); }
.skipped { --of: var(--skipped); } .ambiguous { --of: var(--ambiguous); }
""".strip()
