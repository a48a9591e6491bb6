# The managed API by C, call by call, in the same boot of Linux.
set title "Calls through the managed API by the same calls in C, on Linux in a VM\n{/*0.8 ".subtitle.": medians of interleaved rounds; the bars span the middle half}"
set ylabel 'managed / C'
set style fill solid 0.9 noborder
set boxwidth 0.7
set yrange [0:*]
set xtics rotate by -30 noenhanced scale 0
set bmargin 8
unset key
set arrow 1 from graph 0, first 1 to graph 1, first 1 nohead lc rgb '#000000' dt 3 lw 2
plot table('calls') using 0:(column('ratio')):xtic(strcol('operation')) with boxes ls 1, \
  '' using 0:(column('ratio')):(column('ratio first quartile')):(column('ratio third quartile')) with yerrorbars lc rgb '#222222' lw 2 pt 0
