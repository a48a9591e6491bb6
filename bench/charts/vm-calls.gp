# The managed API by C, call by call, in the same boot of Linux.
set title "Calls through the managed API by the same calls in C, on Linux in a VM\n{/*0.8 ".subtitle.": medians of interleaved rounds; the bars span the middle half; dotted: 1.05}"
set ylabel 'managed / C'
set xrange [-0.5:*]
set xtics rotate by -30 noenhanced scale 0
set bmargin 8
unset key
set arrow 1 from graph 0, first 1 to graph 1, first 1 nohead lc rgb '#000000' lw 2
set arrow 2 from graph 0, first 1.05 to graph 1, first 1.05 nohead lc rgb '#d55e00' dt 3 lw 2
plot table('calls') using 0:(column('ratio')):(column('ratio first quartile')):(column('ratio third quartile')):xtic(strcol('operation')) with yerrorbars ls 1
