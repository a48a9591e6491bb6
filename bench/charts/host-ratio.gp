# A live update by the copy through tmpfs of the same memory: below 1 it is cheaper.
set title "Live update by the copy through a file of the same memory\n{/*0.8 ".subtitle.": 1 is the copy (tmpfs, written and read back); the bars span the middle half}"
set xlabel 'size of the file (MiB)'
set ylabel 'time of the update / time of the copy'
set logscale y
set format y '%g'
set style fill solid 0.9 noborder
set boxwidth 0.2
set xtics ("1" 0, "8" 1, "64" 2, "512" 3, "4096" 4) scale 0
set xrange [-0.6:4.6]
set arrow 1 from -0.6,1 to 4.6,1 nohead lc rgb '#000000' dt 3 lw 2
# 1, 8, 64, 512, 4096 MiB are places 0 to 4. There is no copy of 8 GiB to compare with.
place(size) = log(size/1048576.0)/log(8)
x(folio, content, shift) = where2('folio', folio, 'content', content, place(column('size')) + shift)
update = table('live-update')
plot for [i=1:4] update using (x(word('4096 4096 2097152 2097152', i), word('dense sparse dense sparse', i), (i-2.5)*0.21)):(column('ratio')) \
    with boxes ls i dt 1 title word('"4 KiB, dense" "4 KiB, hole" "2 MiB, dense" "2 MiB, hole"', i), \
  for [i=1:4] update using (x(word('4096 4096 2097152 2097152', i), word('dense sparse dense sparse', i), (i-2.5)*0.21)):(column('ratio')):(column('ratioQ1')):(column('ratioQ3')) \
    with yerrorbars lc rgb '#222222' lw 1.5 pt 0 notitle
