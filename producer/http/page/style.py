"""The page's style: light and dark as the reader's system is, narrow and wide."""

from __future__ import annotations

STYLE = """
:root {
  color-scheme: light dark;
  --page: #f6f7f9; --card: #fff; --text: #1b2430; --quiet: #56606e; --line: #dde2e8;
  --accent: #2560c8; --on-accent: #fff; --accent-soft: #2f6fde22; --danger: #b3261e;
  --warn-soft: #fff4d6; --warn-line: #c98a00;
  --applied: #1f9d61; --already_so: #7fcbab; --superseded: #8a94a3; --drifted: #c98a00;
  --rejected: #d2453a; --invalid: #e08a4f; --cancelled: #6d7683; --failed: #a3265c;
  --unknown: #7a5bd0; --pending: #d3d9e0; --sent: #4f8df0;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #11161d; --card: #1a212b; --text: #e6eaf0; --quiet: #a2adbb; --line: #303a47;
    --accent: #8ab4ff; --on-accent: #0d1420; --accent-soft: #74a7ff26; --danger: #ff9c94;
    --warn-soft: #33290f; --warn-line: #e5b143;
    --applied: #37c07f; --already_so: #2b7f5c; --superseded: #93a0b1; --drifted: #e5b143;
    --rejected: #f0776d; --invalid: #d9803f; --cancelled: #8c98a8; --failed: #e277a3;
    --unknown: #a78cf0; --pending: #3b4552; --sent: #6ea3ff;
  }
}
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1rem 1rem 3rem; max-width: 60rem; background: var(--page);
  color: var(--text); font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
a { color: var(--accent); }
h1 { font-size: 1.05rem; font-weight: 600; margin: 0; overflow-wrap: anywhere; }
h1.big { font-size: 1.5rem; }
h2 { font-size: 1.1rem; margin: 0 0 .6rem; }
p { margin: .25rem 0; }
code, pre { font: .875em ui-monospace, SFMono-Regular, Menlo, Consolas, monospace;
  overflow-wrap: anywhere; }
pre { white-space: pre-wrap; background: var(--page); border: 1px solid var(--line);
  border-radius: 8px; padding: .6rem .8rem; margin: .5rem 0; }
nav { display: flex; justify-content: space-between; align-items: center; gap: 1rem;
  min-height: 2.5rem; margin-bottom: .25rem; }
nav form { margin: 0; }
section, .notice { background: var(--card); border: 1px solid var(--line); border-radius: 10px;
  padding: 1rem 1.25rem 1.1rem; margin-top: 1rem; }
.notice { background: var(--warn-soft); border-color: var(--warn-line); }
.quiet { color: var(--quiet); }
.small { font-size: .875rem; }
.skip { position: absolute; left: -99rem; }
.skip:focus { left: 1rem; top: .5rem; background: var(--card); padding: .3rem .6rem; }
.say { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
.now { font-size: 1.5rem; line-height: 1.25; font-weight: 650; margin: 0; }
.do { margin: .35rem 0 1rem; max-width: 46rem; }
.attention { border-left: 5px solid var(--warn-line); }
.bar { display: block; width: 100%; height: 1.25rem; border-radius: 6px; }
.facts { display: grid; grid-template-columns: repeat(4, 1fr); gap: .25rem 1.25rem;
  margin: 1rem 0 0; }
.facts dt { color: var(--quiet); font-size: .85rem; }
.facts dd { margin: 0; font-size: 1.3rem; font-weight: 600; line-height: 1.25;
  font-variant-numeric: tabular-nums; }
.facts dd small { display: block; font-size: .85rem; font-weight: 400; color: var(--quiet); }
.fact { min-width: 0; }
.buttons { display: flex; flex-wrap: wrap; gap: .75rem 1.5rem; align-items: start; }
form { margin: 0; }
button, .button { font: inherit; font-weight: 600; min-height: 2.75rem; padding: .4rem 1.1rem;
  border-radius: 8px; border: 1px solid var(--accent); background: var(--accent);
  color: var(--on-accent); cursor: pointer; }
button.second { background: none; color: var(--accent); }
button.danger { background: none; border-color: var(--danger); color: var(--danger); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
details summary { min-height: 2.75rem; padding: .6rem 0; color: var(--danger); cursor: pointer;
  font-weight: 600; }
details p { max-width: 30rem; margin-bottom: .6rem; }
label { display: block; font-size: .875rem; color: var(--quiet); }
input { font: inherit; min-height: 2.75rem; padding: .3rem .6rem; border-radius: 8px;
  border: 1px solid var(--quiet); background: var(--card); color: var(--text); width: 8rem; }
input.wide { width: 100%; max-width: 26rem; margin: .25rem 0 .75rem; }
.inline { display: flex; gap: .5rem; }
nav .inline { align-items: center; }
table { border-collapse: collapse; width: 100%; }
th { text-align: left; font-weight: 600; font-size: .8rem; color: var(--quiet); }
th, td { padding: .4rem .75rem .4rem 0; border-bottom: 1px solid var(--line);
  vertical-align: top; }
tbody tr:last-child td, tbody tr:last-child th { border-bottom: 0; }
tbody th { font-size: 1rem; color: var(--text); white-space: nowrap; }
tfoot td, tfoot th { border-top: 2px solid var(--line); border-bottom: 0; font-weight: 600;
  font-size: 1rem; color: var(--text); }
tfoot td.quiet { font-weight: 400; color: var(--quiet); }
.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.dot { display: inline-block; width: .75rem; height: .75rem; border-radius: 3px;
  margin-right: .5rem; vertical-align: -.05em; }
.wrong { list-style: none; margin: 0; padding: 0; }
.wrong li { border-left: 4px solid var(--rejected); padding: .1rem 0 .1rem .9rem;
  margin-top: .9rem; }
.wrong li.minor { border-color: var(--superseded); }
.wrong + p { margin-top: 1rem; }
.wrong b { font-variant-numeric: tabular-nums; }
.links { list-style: none; margin: 0 0 .5rem; padding: 0; display: flex; flex-wrap: wrap;
  gap: .25rem 1.5rem; }
.links a { display: inline-block; padding: .35rem 0; }
.name { overflow-wrap: anywhere; }
tbody th.name { white-space: normal; }
.narrow-only { display: none; }
.list td { white-space: nowrap; }
.list td:nth-child(2) { white-space: normal; }
.list th.name { min-width: 11rem; }
.list td:nth-child(3) { min-width: 9rem; white-space: normal; }
.list small { display: block; color: var(--quiet); }
.list .bar { height: .6rem; margin-top: .35rem; }
.chart { margin: 0; display: grid; grid-template-columns: auto 1fr; column-gap: .5rem; }
.chart figcaption { grid-column: 1 / -1; margin-bottom: .75rem; color: var(--quiet); }
.plot { width: 100%; height: 9rem; overflow: visible; }
.ys, .xs { display: flex; justify-content: space-between; color: var(--quiet);
  font-size: .8rem; font-variant-numeric: tabular-nums; }
.ys { flex-direction: column; text-align: right; line-height: 1; margin: -.4rem 0; }
.xs { grid-column: 2; margin-top: .4rem; }
.grid { stroke: var(--line); vector-effect: non-scaling-stroke; }
.area { fill: var(--accent-soft); }
.line { fill: none; stroke: var(--accent); stroke-width: 2; stroke-linejoin: round;
  vector-effect: non-scaling-stroke; }
footer { margin-top: 1.25rem; }
@media (max-width: 40rem) {
  body { padding: .5rem .6rem 2rem; }
  section, .notice { padding: .9rem .9rem 1rem; margin-top: .7rem; }
  .now { font-size: 1.3rem; }
  .facts { grid-template-columns: 1fr 1fr; gap: .8rem 1rem; }
  .facts dd { font-size: 1.15rem; }
  .wide-only { display: none; }
  .narrow-only { display: block; font-weight: 400; color: var(--quiet); font-size: .8rem; }
  .states tbody th { white-space: normal; }
  .list thead { display: none; }
  .list tr { display: block; padding: .5rem 0; border-bottom: 1px solid var(--line); }
  .list td, .list th { display: block; border: 0; padding: .1rem 0; text-align: left;
    min-width: 0; white-space: normal; }
  .list td:nth-child(n) { min-width: 0; }
  .list td::before { content: attr(data-name) ": "; color: var(--quiet); }
}
""" + "\n".join(
    f".{state} {{ background: var(--{state}); fill: var(--{state}); }}"
    for state in (
        *("applied", "already_so", "superseded", "drifted", "rejected", "invalid"),
        *("cancelled", "failed", "unknown", "pending", "sent"),
    )
)
