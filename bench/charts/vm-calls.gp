# The managed API by C, call by call, in the same boot of Linux.
set title "Calls through the managed API by the same calls in C, on Linux in a VM\n{/*0.8 ".subtitle.": medians of interleaved rounds, and their middle half; dotted: 1.05}"
set xlabel 'managed / C'
set xrange [0.8:*]
set format x '%.1f'
set grid xtics ytics
set lmargin 36
set yrange [:] reverse
set offsets 0, 0, 0.7, 0.7
set ytics noenhanced scale 0
unset key
set arrow 1 from first 1, graph 0 to first 1, graph 1 nohead lc rgb '#000000' lw 2
set arrow 2 from first 1.05, graph 0 to first 1.05, graph 1 nohead lc rgb '#d55e00' dt 3 lw 2
plot table('calls') using (column('ratio')):0:(column('ratio first quartile')):(column('ratio third quartile')):ytic(strcol('operation')) with xerrorbars ls 1
