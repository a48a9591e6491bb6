# What one call costs beside many sessions or files: flat is what it should be.
set title "One call on the emulated kernel, beside many others\n{/*0.8 ".subtitle.": medians; the bars span the middle half of the iterations}"
set xlabel 'sessions or files that are there'
set ylabel 'time of one call (us)'
set logscale xy
set format x "10^{%L}"
set format y '%g'
set xrange [70:140000]
plot table('create-and-close-a-session') using (column('sessions')):(column('median')/1e3):(column('q1')/1e3):(column('q3')/1e3) with yerrorlines ls 1 title "create and close a session", \
  table('retrieve-a-session') using (column('sessions')):(column('median')/1e3):(column('q1')/1e3):(column('q3')/1e3) with yerrorlines ls 2 title "retrieve a session", \
  table('retrieve-a-session-and-its-file') using (column('sessions')):(column('median')/1e3):(column('q1')/1e3):(column('q3')/1e3) with yerrorlines ls 7 title "retrieve a session and its file", \
  table('finish-a-session') using (column('sessions')):(column('median')/1e3):(column('q1')/1e3):(column('q3')/1e3) with yerrorlines ls 8 title "finish a session", \
  table('preserve-a-file') using (column('files')):(column('median')/1e3):(column('q1')/1e3):(column('q3')/1e3) with yerrorlines ls 3 title "preserve a file", \
  table('retrieve-a-file') using (column('files')):(column('median')/1e3):(column('q1')/1e3):(column('q3')/1e3) with yerrorlines ls 4 title "retrieve a file"
