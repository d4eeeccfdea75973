/*
 * report_style.h: what the page of a report has beyond page_style.h.
 */
#ifndef CU_PRIVACY_REPORT_STYLE_H
#define CU_PRIVACY_REPORT_STYLE_H

/* clang-format off */
#define REPORT_STYLE \
	"body{max-width:66rem}\n" \
	".cards{display:grid;grid-template-columns:repeat(4,1fr);gap:.75rem;" \
	"margin:1.5rem 0 0}\n" \
	".cards div{padding:.8rem 1rem .7rem;border:1px solid var(--line);border-top:3px solid " \
	"var(--mark);border-radius:6px;background:var(--paper)}\n" \
	".cards dt{font-size:.8rem;font-weight:400;color:var(--soft)}\n" \
	".cards dd{margin:0;font-size:1.9rem;line-height:1.25;font-variant-numeric:tabular-nums}\n" \
	".cards .bad{border-top-color:#b3261e}.cards .bad dd{color:#b3261e}\n" \
	".lead b{color:var(--mark)}\n" \
	".look{margin-top:1.5rem;padding:1rem 1.25rem;border-left:4px solid #d9822b;" \
	"background:#fdf5ea;border-radius:0 6px 6px 0}\n" \
	".look.well{border-left-color:#5b8c5a;background:#eff6ef}\n" \
	".look h2{font-size:1.1rem}\n" \
	".look table{width:auto;min-width:24rem}.look thead{display:none}\n" \
	".look tr:last-child td{border-bottom:0}\n" \
	"figure{margin:.75rem 0 1rem}\n" \
	".split{display:grid;grid-template-columns:minmax(0,1.6fr) minmax(0,1fr);gap:0 2.5rem;" \
	"align-items:start}\n" \
	".split>h2,.split>.what{grid-column:1/-1}\n" \
	".split.ring{grid-template-columns:minmax(0,1fr) minmax(0,1.6fr)}\n" \
	".split td{padding-top:.2rem;padding-bottom:.2rem}\n" \
	"@media screen and (max-width:60rem){.long table{display:block;overflow-x:auto}.split,.split.ring{display:block}.cards{grid-template-columns:1fr 1fr}}\n" \
	"svg{display:block;width:100%;max-width:46rem;height:auto;overflow:visible}\n" \
	"svg text{font-size:14px;fill:var(--soft)}\n" \
	".y,.name{text-anchor:end}.x,.sum{text-anchor:middle}\n" \
	"svg .name,svg .days{fill:var(--ink);font-size:13px}svg .sum{font-size:38px;fill:var(--ink)}\n" \
	".grid{stroke:var(--line)}.axis{stroke:var(--ink)}.limit{stroke:var(--ink);stroke-width:2}\n" \
	"circle{fill:none;stroke-width:34}\n" \
	".ring figure{display:flex;gap:1.25rem;align-items:center}.ring svg{width:10.5rem;flex:none}\n" \
	".ring .legend{flex-direction:column;gap:.15rem}\n" \
	".legend{display:flex;flex-wrap:wrap;gap:.2rem 1.4rem;margin:.4rem 0 0;padding:0;" \
	"list-style:none;font-size:.87rem}\n" \
	".legend i{display:inline-block;width:.8em;height:.8em;margin-right:.5em;border-radius:2px}\n" \
	"th,td{overflow-wrap:normal}main table{font-size:.87rem}.small table{width:auto;min-width:24rem}\n" \
	"td:not(:last-child),th:not(:last-child){padding-right:1rem}\n" \
	"th.num{text-align:right}.num.zero{color:#98a2ae}\n" \
	".facts{grid-template-columns:repeat(auto-fit,minmax(12rem,1fr))}\n" \
	".facts dd{font-size:1.2rem;font-variant-numeric:tabular-nums}\n" \
	".none{margin:0;padding:.7rem 1.1rem;background:var(--fill);border-radius:6px;" \
	"color:var(--soft)}\n" \
	".tag{padding:0 .45rem;border-radius:4px;background:var(--fill);white-space:nowrap}\n" \
	".tag.late,.tag.overdue,.tag.failed,.tag.told_late{background:#fbe9e7;color:#8c1d18}\n" \
	".tag.in_time,.tag.passed,.tag.told{background:#e9f2f9;color:#123c5a}\n" \
	"footer{margin-top:3rem;padding-top:1rem;border-top:1px solid var(--line);color:var(--soft);" \
	"font-size:.8rem}\n" \
	"@media screen and (max-width:48rem){.look table,.small table{min-width:0}" \
	".ring figure{flex-wrap:wrap}}\n" \
	"@media screen and (prefers-color-scheme:dark){.look{background:#2b2318}" \
	".look.well{background:#1b271c}.cards .bad dd{color:#ff9a90}" \
	".tag.late,.tag.overdue,.tag.failed,.tag.told_late{background:#4a1e1b;color:#ffc9c3}" \
	".tag.in_time,.tag.passed,.tag.told{background:#173650;color:#cfe6fa}" \
	"rect[fill='#1d4f76']{fill:#5f9fd0}circle[stroke='#1d4f76']{stroke:#5f9fd0}" \
	"rect[fill='#b3261e']{fill:#e0625a}circle[stroke='#e8ecf0']{stroke:var(--line)}" \
	"i[style*='1d4f76']{background:#5f9fd0!important}}\n" \
	"@media print{figure,.cards,.look{break-inside:avoid}.cards dd{font-size:1.4rem}" \
	"section{margin-top:1.6rem}.split td{padding-top:.1rem;padding-bottom:.1rem}" \
	".split.ring{display:block}.what{break-inside:avoid}main table{font-size:8pt}" \
	".long td{padding-top:.2rem;padding-bottom:.2rem}thead th{font-size:7.5pt}" \
	"td:not(:last-child),th:not(:last-child){padding-right:.55rem}.split{gap:0 1.5rem}}\n"
/* clang-format on */

#endif
