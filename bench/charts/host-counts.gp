# A handover by the number of sessions and of files that it carries.
set title "Handover on the emulated kernel, by what it carries: reboot, boot, first open\n{/*0.8 ".subtitle.": medians; the bars span the middle half of the iterations}"
set xlabel 'sessions, or files of one page'
set ylabel 'time (ms)'
set logscale xy
set format x "10^{%L}"
set format y '%g'
set grid xtics
set xrange [0.7:140000]
plot table('handover-of-sessions') using (column('sessions')):(column('median')/1e6):(column('q1')/1e6):(column('q3')/1e6) with yerrorlines ls 1 title "sessions without files", \
  table('handover-of-files') using (column('files')):(column('median')/1e6):(column('q1')/1e6):(column('q3')/1e6) with yerrorlines ls 3 title "files, 1,000 a session"
