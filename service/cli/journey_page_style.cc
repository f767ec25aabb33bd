#include "service/cli/journey_page_parts.h"

namespace waymark::cli {

// Orange to blue is told apart by all kinds of colour vision; shades differ in lightness, too, and faces and signs
// repeat them. Text has at least 4.5 : 1 on its ground, marks 3 : 1.
const absl::string_view kJourneyPageStyle = R"css(
:root{color-scheme:light dark;
--paper:#faf9f7;--card:#fff;--ink:#1d2230;--soft:#5a6172;--line:#e5e2dc;--wash:#f3f1ec;--accent:#27507f;
--e0:#a63c06;--e1:#d9772b;--e2:#8c8a85;--e3:#4b8fc4;--e4:#1c5c9c;--en:#a3a19b;--drop:#6b6470;--face:#fff;
--h0:#f2f6fa;--h1:#e2ecf5;--h2:#cfe0ef;--h3:#b9d2e8;--h4:#9fc1df;--h5:#82aed4;--h6:#3f77ad;--h7:#2a629a;--h8:#174c82;--heat-dark:#10263e;--heat-light:#fff}
@media (prefers-color-scheme:dark){:root{
--paper:#13161c;--card:#1a1e26;--ink:#e9e7e2;--soft:#a5abb8;--line:#2e3440;--wash:#20252f;--accent:#8db8e8;
--e0:#f0762e;--e1:#e8a368;--e2:#98968f;--e3:#6fb0e0;--e4:#4c9aea;--en:#6d727d;--drop:#a79fb0;--face:#13161c;
--h0:#1c2430;--h1:#20303f;--h2:#233b52;--h3:#264665;--h4:#295279;--h5:#2c5e8e;--h6:#6aa7dc;--h7:#8abdea;--h8:#abd2f5;--heat-dark:#e9eff6;--heat-light:#0d1b2a}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:var(--paper);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue","Noto Sans",Arial,sans-serif;
font-variant-numeric:tabular-nums;-webkit-font-smoothing:antialiased}
main{max-width:1680px;margin:0 auto;padding:56px 48px 40px}
h1,h2,h3,p,ul,ol,dl,dd{margin:0;padding:0}
ul,ol{list-style:none}
b{font-weight:620}
h1{font-size:40px;line-height:1.12;font-weight:680;letter-spacing:-.022em}
h1::first-letter{text-transform:uppercase}
h2{font-size:21px;line-height:1.25;font-weight:660;letter-spacing:-.012em}
h3{font-size:13px;font-weight:620;color:var(--soft);margin-bottom:10px}
.name{unicode-bidi:isolate;overflow-wrap:anywhere}
.sr{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
.quiet,.sub,.help,.ends,.detail,.goal{color:var(--soft)}
.quiet{font-size:14px;max-width:78ch}
section{margin-top:56px}
section>.quiet{margin:6px 0 18px}
.eyebrow{font-size:13px;font-weight:620;letter-spacing:.04em;color:var(--accent);margin-bottom:6px}
.lead{font-size:20px;line-height:1.5;max-width:66ch;margin-top:16px;text-wrap:pretty}
.facts{display:flex;flex-wrap:wrap;gap:14px 44px;margin-top:28px;padding-top:18px;border-top:1px solid var(--line)}
.facts dt{font-size:12.5px;color:var(--soft)}
.facts dd{font-weight:560;unicode-bidi:isolate;overflow-wrap:anywhere}
.note{margin-top:16px;padding:9px 14px;background:var(--wash);border-left:3px solid var(--e1);border-radius:0 6px 6px 0;max-width:78ch;font-size:14px}

.cards{display:grid;grid-template-columns:repeat(auto-fill,minmax(196px,1fr));gap:14px;margin-top:18px}
.card{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:16px 18px 15px;min-width:0}
.card dt{font-size:13px;color:var(--soft);font-weight:560}
.card .value{font-size:30px;line-height:1.25;font-weight:640;letter-spacing:-.02em;overflow-wrap:anywhere}
.card .value.long{font-size:22px;line-height:37.5px}
.scale{position:relative;display:block;height:6px;border-radius:3px;background:var(--line);margin:8px 0 6px}
.scale .range{position:absolute;top:0;bottom:0;min-width:8px;background:var(--accent);opacity:.42}
.scale .dot{position:absolute;top:-3px;width:3px;height:12px;margin-left:-1.5px;border-radius:1.5px;background:var(--accent)}
.ends,.detail,.difference{font-size:12.5px;line-height:1.45}
.difference{color:var(--soft);margin-top:6px}
.difference.clear{color:var(--ink);font-weight:620}
.cards+.quiet{margin-top:14px}

.scroll{overflow-x:auto;margin-top:18px;background:var(--card);border:1px solid var(--line);border-radius:14px}
.scroll:focus-visible,button:focus-visible,summary:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
table{border-collapse:separate;border-spacing:0;width:100%}
th{font-weight:560;text-align:left}
.map{table-layout:fixed;min-width:calc(216px + var(--stages)*138px)}
.map col.label{width:216px}
.map td,.map th{padding:9px 12px;vertical-align:top;min-width:0}
.map th[scope=row],.map thead td,.map tr.channel th{position:sticky;left:0;z-index:2;background:var(--card);padding-left:22px}
.map thead th{padding:20px 4px 14px;vertical-align:top;text-align:center}
.map thead .step{display:block;width:24px;height:24px;line-height:24px;margin:0 auto 7px;border-radius:50%;background:var(--wash);color:var(--soft);font-size:12.5px;text-align:center}
.map thead .name{display:block;hyphens:auto;overflow-wrap:break-word;font-size:15.5px;font-weight:650;line-height:1.25}
.map.long thead .name{font-size:13.5px}
.map thead .goal{display:block;font-size:12.5px;line-height:1.4;font-weight:400;margin:4px auto 0;max-width:22ch;overflow-wrap:anywhere}
.help,.sub{display:block;font-size:12.5px;line-height:1.4;font-weight:400}
.map tr.picture td{padding:0}
.map tr.picture th{vertical-align:middle}
.map tr.figure td{text-align:center;border-top:1px solid var(--line)}
.map tr.figure th{border-top:1px solid var(--line)}
.map tr.figure b{font-size:16px}
.none{color:var(--soft)}
.moves{font-size:13px;line-height:1.5;text-align:left;display:inline-block;max-width:100%;overflow-wrap:anywhere}
.map tr.figure .moves b{font-size:13px}
.road,.emotions{position:relative}
.road>svg,.emotions>svg{position:absolute;inset:0;width:100%;height:100%;display:block}
.road>*,.emotions>div{position:absolute}
.s0{stop-color:var(--e0)}.s1{stop-color:var(--e1)}.s2{stop-color:var(--e2)}.s3{stop-color:var(--e3)}.s4{stop-color:var(--e4)}.sn{stop-color:var(--en)}.sd{stop-color:var(--drop)}
i.e0{background:var(--e0)}i.e1{background:var(--e1)}i.e2{background:var(--e2)}i.e3{background:var(--e3)}i.e4{background:var(--e4)}
i.en{background:repeating-linear-gradient(135deg,var(--en) 0 2px,transparent 2px 4.5px),var(--wash)}
.road .block{width:34px;margin-left:-17px;border-radius:5px;box-shadow:0 0 0 2px var(--card)}
.road .stays{transform:translate(-50%,-100%);font-size:14px;text-shadow:0 0 3px var(--card),0 0 3px var(--card),0 0 3px var(--card)}
.road .onward{transform:translate(-50%,-50%);font-size:13px;font-weight:620;padding:2px 9px;border-radius:11px;background:var(--card);box-shadow:0 0 0 1px var(--line);white-space:nowrap}
.road .lost{transform:translate(-50%,-2px);font-size:12.5px;color:var(--soft);white-space:nowrap}
.emotions{margin:0}
.emotions path{fill:none;vector-effect:non-scaling-stroke}
.emotions .zero{stroke:var(--line);stroke-width:1}
.emotions .curve{stroke:var(--ink);stroke-width:2}
.emotions .gap{stroke:var(--ink);stroke-width:1.5;stroke-dasharray:2 5}
.emotions .before{stroke:var(--soft);stroke-width:1.5;stroke-dasharray:6 5}
.emotions .interval{fill:var(--accent);opacity:.13}
.feeling{transform:translate(-50%,-17px);text-align:center;font-size:13px;line-height:1.3;min-width:70px}
.feeling .face{width:34px;height:34px;display:block;margin:0 auto 1px}
.feeling b{text-shadow:0 0 3px var(--card),0 0 3px var(--card)}
.map tr.picture+tr.channel th{border-top:1px solid var(--line)}
.face{width:20px;height:20px;vertical-align:-5px;overflow:visible}
.disc.e0{fill:var(--e0)}.disc.e1{fill:var(--e1)}.disc.e2{fill:var(--e2)}.disc.e3{fill:var(--e3)}.disc.e4{fill:var(--e4)}
.disc{stroke:var(--card);stroke-width:1.5}
.eye{fill:var(--face)}
.mouth{fill:none;stroke:var(--face);stroke-width:1.9;stroke-linecap:round;stroke-linejoin:round}
.mouth.open{fill:var(--face)}
.nobody{fill:var(--card);stroke:var(--en);stroke-width:1.6;stroke-dasharray:3 2.6}
.nobody+.mouth{stroke:var(--en)}

.map tr.channel th,.map tr.channel td{padding-top:26px;padding-bottom:7px;border-bottom:1px solid var(--line)}
.map tr.channel th{font-size:15px;font-weight:660}
.map tr.channel th::first-letter{text-transform:uppercase}
.map tr.channel td{font-size:12px;color:var(--soft);text-align:left;vertical-align:bottom;overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.map tr.touchpoint>*{border-bottom:1px solid color-mix(in srgb,var(--line) 60%,transparent)}
.map tr.touchpoint th .name{font-size:14px}
.map tr.touchpoint th .face{width:15px;height:15px;vertical-align:-3px;margin-right:3px}
.map td.cell{padding:5px 6px;vertical-align:middle}
.cell button{all:unset;cursor:pointer}
.cell button,.cell>div{box-sizing:border-box;display:grid;grid-template-columns:1fr auto;gap:3px 6px;align-items:center;width:100%;padding:6px;border-radius:7px;font-size:13px}
.cell button:hover{background:var(--wash)}
.cell.expected button,.cell.expected>div{box-shadow:inset 0 0 0 1px var(--soft)}
.bar{grid-column:1/-1;display:block;height:9px;border-radius:2.5px;background:var(--wash)}
.bar i{display:block;height:100%;border-radius:2.5px;min-width:3px}
.bar i.plain{background:var(--accent);opacity:.75}
.feel{display:inline-flex;align-items:center;gap:4px}
.feel .face{width:17px;height:17px}
.missing{display:block;border:1.5px dashed var(--soft);border-radius:7px;padding:8px 6px;font-size:12.5px;line-height:1.3;color:var(--soft);text-align:center}
.tag{display:inline-block;font-size:12px;font-weight:500;line-height:1.3;color:var(--soft);background:var(--wash);border-radius:5px;padding:1px 7px;margin-left:8px}
.map .tag{margin:2px 0;display:table}
details.rest{border-top:1px solid var(--line)}
summary{cursor:pointer;color:var(--accent);font-weight:560;padding:12px 0;width:fit-content}
.rest>summary{position:sticky;left:0;padding:16px 22px}
.legend{display:flex;flex-wrap:wrap;gap:8px 26px;margin-top:16px;font-size:13px;color:var(--soft)}
.legend li{display:flex;align-items:center;gap:7px}
.swatch{display:inline-block;width:22px;height:10px;border-radius:2.5px}
.swatch.expected{height:14px;border-radius:4px;box-shadow:inset 0 0 0 1.5px var(--soft)}

[popover]{inset:0;margin:auto;width:min(400px,calc(100vw - 32px));max-height:85vh;border:1px solid var(--line);border-radius:14px;padding:22px 24px;background:var(--card);color:var(--ink);box-shadow:0 18px 60px rgba(0,0,0,.28)}
[popover]::backdrop{background:rgba(10,14,22,.28)}
@supports not selector(:popover-open){[popover]{display:none}}
.details .title{font-size:18px;font-weight:650;line-height:1.3;overflow-wrap:anywhere}
.details dl{display:grid;grid-template-columns:auto 1fr;gap:6px 18px;margin-top:14px;font-size:14px}
.details dt{color:var(--soft);overflow-wrap:anywhere}
.details dd{text-align:right}

.columns{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(440px,100%),1fr));gap:0 56px}
.findings{counter-reset:finding}
.finding{position:relative;padding:16px 0 17px 46px;border-top:1px solid var(--line)}
.findings .finding::before{counter-increment:list-item 0;content:counter(list-item);position:absolute;left:0;top:15px;width:28px;height:28px;line-height:28px;border-radius:50%;text-align:center;font-size:13px;font-weight:640}
.pains .finding::before{background:color-mix(in srgb,var(--e0) 16%,var(--paper));color:var(--ink)}
.chances .finding::before{background:color-mix(in srgb,var(--e4) 18%,var(--paper));color:var(--ink)}
.finding .title{font-weight:640;line-height:1.4;margin-bottom:3px}
.finding p{max-width:62ch}
.lines{display:grid;grid-template-columns:auto minmax(90px,1fr) auto auto;align-items:center;gap:2px 12px;margin-top:10px;font-size:13px;max-width:520px}
.lines dt{color:var(--soft)}
.lines dd{display:grid;grid-template-columns:subgrid;grid-column:2/-1;align-items:center}
.lines .scale{margin:0}
.lines .scale .dot{position:absolute;top:-3px;width:3px;height:12px;margin-left:-1.5px;border-radius:1.5px;background:var(--accent)}
.statement{font-size:18px;line-height:1.5;max-width:70ch;margin:12px 0 26px}
.paths li{display:grid;grid-template-columns:1fr auto;gap:5px 18px;padding:11px 0;border-top:1px solid var(--line);align-items:baseline}
.way{overflow-wrap:anywhere}
.way i{font-style:normal;color:var(--soft);margin:0 7px}
.paths .bar{height:6px}

.cohorts,.responses{font-size:14px}
.cohorts{width:auto;min-width:100%}
.cohorts th,.cohorts td,.responses th,.responses td{padding:10px 14px;white-space:nowrap;text-align:right}
.cohorts th:first-child,.responses th:first-child,.responses th:last-child,.responses td:last-child{text-align:left}
.cohorts th:first-child,.responses th:first-child{padding-left:22px}
.cohorts thead th,.responses thead th{font-size:12.5px;color:var(--soft);padding-top:16px}
.responses tbody tr>*{border-top:1px solid var(--line)}
.responses td:last-child{width:99%}
.outcomes{display:flex;flex-wrap:wrap;gap:2px 26px;white-space:normal}
.heat{border:2px solid var(--card);border-radius:6px}
.h0{background:var(--h0)}.h1{background:var(--h1)}.h2{background:var(--h2)}.h3{background:var(--h3)}.h4{background:var(--h4)}.h5{background:var(--h5)}.h6{background:var(--h6)}.h7{background:var(--h7)}.h8{background:var(--h8)}
.h0,.h1,.h2,.h3,.h4,.h5{color:var(--heat-dark)}.h6,.h7,.h8{color:var(--heat-light)}

.empty{margin-top:40px;padding:44px;border:1px dashed var(--en);border-radius:14px;max-width:760px}
.empty h2{margin-bottom:8px}
.empty ol{display:flex;flex-wrap:wrap;gap:8px 10px;margin-top:22px;color:var(--soft);font-size:14px}
.empty li:not(:last-child)::after{content:" →"}
footer{margin-top:64px;padding-top:14px;border-top:1px solid var(--line)}
footer ul{list-style:disc;padding:0 0 14px 20px;font-size:14px;color:var(--soft);max-width:90ch}
footer li{margin-bottom:5px}

@media screen and (max-width:900px){.map thead th{padding-left:5px;padding-right:5px}.map thead .name{font-size:15px}main{padding:32px 20px}h1{font-size:32px}.lead{font-size:18px}section{margin-top:44px}
.map col.label{width:148px}.map{min-width:calc(148px + var(--stages)*128px)}.map th[scope=row],.map thead td,.map tr.channel th{padding-left:14px}}
@media print{
@page{size:landscape;margin:11mm}
:root{color-scheme:light;--paper:#fff;--card:#fff;--ink:#16191f;--soft:#4b5160;--line:#d9d6cf;--wash:#f3f1ec;--accent:#27507f;--e0:#a63c06;--e1:#d9772b;--e2:#8c8a85;--e3:#4b8fc4;--e4:#1c5c9c;--en:#a3a19b;--drop:#6b6470;--face:#fff;
--h0:#f2f6fa;--h1:#e2ecf5;--h2:#cfe0ef;--h3:#b9d2e8;--h4:#9fc1df;--h5:#82aed4;--h6:#3f77ad;--h7:#2a629a;--h8:#174c82;--heat-dark:#10263e;--heat-light:#fff}
*{print-color-adjust:exact;-webkit-print-color-adjust:exact}
main{zoom:.68;padding:0;max-width:none}
section{margin-top:34px}section[aria-labelledby=journey]{margin-top:0;break-before:page}
.scroll{overflow:visible;border:0}
.map{min-width:0}.map th[scope=row],.map thead td,.map tr.channel th{padding-left:0;position:static}
.map thead th{padding-top:4px}
.cards{grid-template-columns:repeat(6,1fr)}
footer{margin-top:24px}
tr,.card,.finding,.paths li{break-inside:avoid}
h2,h3,tr.channel{break-after:avoid}
[popover],footer details{display:none}
}
)css";

}  // namespace waymark::cli
