# A live update by size of the memory, beside the copy that people make instead.
set title "Live update of one file on the emulated kernel, by its size\n{/*0.8 ".subtitle.": medians; the bars span the middle half of the iterations}"
set xlabel 'size of the file (MiB)'
set ylabel 'time (ms)'
set logscale xy
set format x '%.0f'
set format y '%g'
set grid xtics
update = table('live-update')
x(folio, content) = where2('folio', folio, 'content', content, column('size') / 1048576.0)
plot update using (x('4096', 'dense')):(column('median')/1e6):(column('q1')/1e6):(column('q3')/1e6) with yerrorlines ls 1 title "4 KiB folios, all pages there", \
  update using (x('4096', 'sparse')):(column('median')/1e6):(column('q1')/1e6):(column('q3')/1e6) with yerrorlines ls 2 title "4 KiB folios, one hole (filled)", \
  update using (x('2097152', 'dense')):(column('median')/1e6):(column('q1')/1e6):(column('q3')/1e6) with yerrorlines ls 3 title "2 MiB folios, all pages there", \
  update using (x('2097152', 'sparse')):(column('median')/1e6):(column('q1')/1e6):(column('q3')/1e6) with yerrorlines ls 4 title "2 MiB folios, one hole (filled)", \
  table('copy-through-a-file-in-tmpfs') using (column('size')/1048576.0):(column('median')/1e6):(column('q1')/1e6):(column('q3')/1e6) with yerrorlines ls 5 title "copy through a file in tmpfs", \
  table('copy-through-a-file-on-disk') using (column('size')/1048576.0):(column('median')/1e6):(column('q1')/1e6):(column('q3')/1e6) with yerrorlines ls 6 title "copy through a file on disk"
