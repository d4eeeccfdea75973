/*
 * dossier_style.h: what the page of a dossier has beyond page_style.h.
 */
#ifndef CU_PRIVACY_DOSSIER_STYLE_H
#define CU_PRIVACY_DOSSIER_STYLE_H

/* clang-format off */
#define DOSSIER_STYLE \
	"nav a::first-letter,.meta::first-letter," \
	".absent span::first-letter{text-transform:uppercase}\n" \
	"nav a,.absent span{display:inline-block}\n" \
	"nav{margin:2rem 0 0}\n" \
	"nav h2{font-size:1rem;color:var(--soft)}\n" \
	"nav ol{margin:.4rem 0 0;padding-left:1.4rem;columns:2 16rem}\n" \
	"nav li{break-inside:avoid}\n" \
	".n{white-space:nowrap;font-size:.75em;font-weight:400;color:var(--soft)}\n" \
	".meta,.others{color:var(--soft)}\n" \
	".absent{margin:2.25rem 0 0;padding:.8rem 1.1rem;background:var(--fill);" \
	"border-radius:6px;color:var(--soft)}\n" \
	".absent span{margin-left:.5rem;padding:0 .5rem;border:1px solid var(--line);" \
	"border-radius:4px;background:var(--paper);font-size:.87rem;color:var(--ink)}\n" \
	".count th:last-child,th.num{text-align:right;white-space:nowrap}\n" \
	".count th:last-child{padding-right:0}\n" \
	"td.num,th.num{padding-right:.7rem}.num:last-child{padding-right:0}\n" \
	".rules td:first-child{width:20%}.rules td:nth-child(2){width:42%}\n" \
	".people dd span{display:block}.people{margin:0 0 1rem}\n" \
	".purposes td,.consents td{font-size:.87rem}.purposes td:first-child{width:34%}\n" \
	".log code{font-size:.78rem;white-space:nowrap}\n" \
	".from,.log td{font-size:.87rem}\n" \
	".from{color:var(--soft)}\n" \
	"article{margin:.9rem 0;padding:.6rem 1.1rem .7rem;border:1px solid var(--line);" \
	"border-radius:6px}\n" \
	"h3{margin:0;font-size:.8rem;color:var(--soft);font-weight:400}\n" \
	".card th{display:table-cell;width:11rem;padding:.3rem 1rem .3rem 0;" \
	"border-bottom:1px solid var(--line);font-weight:400;color:var(--soft);" \
	"vertical-align:top}\n" \
	".card td{padding:.3rem 0}\n" \
	".card tr:last-child>*{border-bottom:0}\n" \
	".meta,.others{margin:.35rem 0 0;font-size:.8rem}\n" \
	".others{font-style:italic}\n" \
	":lang(zh) .others{font-style:normal}\n" \
	"@media screen and (max-width:48rem){.card th{width:7rem}nav ol{columns:1}" \
	".records .from{white-space:nowrap}.from p{white-space:normal;min-width:14rem}}\n" \
	"@media print{h3{break-after:avoid}article,.absent{break-inside:avoid}" \
	".records{font-size:8.5pt}.records td{padding-top:.15rem;padding-bottom:.15rem}" \
	".log code{font-size:.7rem}}\n"
/* clang-format on */

#endif
