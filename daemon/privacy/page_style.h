/*
 * page_style.h: how pages look that people are handed, on a screen and on A4.
 */
#ifndef CU_PRIVACY_PAGE_STYLE_H
#define CU_PRIVACY_PAGE_STYLE_H

/* clang-format off */
#define PAGE_STYLE \
	":root{color-scheme:light dark;--paper:#fff;--ink:#1b2330;--soft:#5b6675;--line:#d9dee5;" \
	"--fill:#f5f7f9;--mark:#1d4f76}\n" \
	"@media screen and (prefers-color-scheme:dark){:root{--paper:#14181e;--ink:#e6eaf0;" \
	"--soft:#a3aebb;--line:#343c47;--fill:#1c2229;--mark:#8fc1ea}}\n" \
	"@media print{:root{color-scheme:light}}\n" \
	"*{box-sizing:border-box}\n" \
	"body{margin:0 auto;max-width:60rem;padding:3rem 1.5rem 5rem;color:var(--ink);" \
	"background:var(--paper);font:15px/1.55 system-ui,-apple-system,'Segoe UI',Roboto," \
	"'Noto Sans','Helvetica Neue',Arial,'PingFang SC','Microsoft YaHei'," \
	"'Noto Sans CJK SC','Noto Sans SC','Source Han Sans SC',sans-serif;" \
	"overflow-wrap:anywhere}\n" \
	"header{border-top:4px solid var(--mark);padding-top:1.25rem}\n" \
	".day{margin:0;color:var(--soft)}\n" \
	"h1{margin:.1rem 0 .75rem;font-size:2rem;line-height:1.2;letter-spacing:-.01em}\n" \
	".lead{max-width:44rem;margin:0 0 1.5rem;font-size:1.05rem}\n" \
	"h2{margin:0 0 .4rem;font-size:1.3rem;line-height:1.3;color:var(--mark)}\n" \
	"main h2::first-letter,dt::first-letter,th::first-letter{text-transform:uppercase}\n" \
	"th,dt{text-align:left;font-weight:600}\n" \
	".facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(17rem,1fr));" \
	"gap:.9rem 2rem;margin:0;padding:1.1rem 1.25rem;background:var(--fill);" \
	"border:1px solid var(--line);border-radius:6px}\n" \
	".facts dt{font-size:.8rem;color:var(--soft)}\n" \
	".facts dd{margin:0}\n" \
	"code{font:.85em/1.4 ui-monospace,'SF Mono',Consolas,'DejaVu Sans Mono',monospace}\n" \
	"a{color:var(--mark)}\n" \
	"section{margin-top:2.75rem}\n" \
	".what{margin:-.3rem 0 .75rem;color:var(--soft)}\n" \
	"table{width:100%;border-collapse:collapse}\n" \
	"thead th{display:table-cell;padding:.4rem .7rem .4rem 0;" \
	"border-bottom:2px solid var(--ink);font-size:.8rem;vertical-align:bottom}\n" \
	"th{overflow-wrap:normal}\n" \
	"td{padding:.4rem .7rem .4rem 0;border-bottom:1px solid var(--line);" \
	"vertical-align:top}\n" \
	".few,.few bdi{white-space:pre}\n" \
	"td bdi{white-space:pre-wrap}\n" \
	".num{text-align:right;padding-right:0;font-variant-numeric:tabular-nums}\n" \
	".time,time{white-space:nowrap;font-variant-numeric:tabular-nums}\n" \
	"@media screen and (max-width:48rem){body{padding:1.5rem 1rem 3rem}h1{font-size:1.6rem}" \
	".facts{grid-template-columns:1fr}" \
	"main table:not(.card){display:block;max-width:100%;overflow-x:auto}}\n" \
	"@page{size:A4;margin:18mm 16mm 20mm}\n" \
	"@media print{body{max-width:none;padding:0;font-size:10pt}h1{font-size:20pt}" \
	"h2{font-size:13pt;break-after:avoid}.what{break-after:avoid}tr,.facts," \
	".short{break-inside:avoid}thead{display:table-header-group}a{color:inherit;" \
	"text-decoration:none}*{print-color-adjust:exact;-webkit-print-color-adjust:exact}}\n"
/* clang-format on */

#endif
