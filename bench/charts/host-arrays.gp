# The two arrays of a file's folios: what they take, a folio.
set title "Bytes a folio of the two arrays of a file's folios\n{/*0.8 ".subtitle.": exact counts of whole pages; the entry alone has 16 bytes, or 8}"
set ylabel 'bytes a folio'
set logscale y 2
set yrange [4:16384]
set style data histograms
set style histogram clustered gap 1
set style fill solid 0.9 noborder
set boxwidth 0.9
set xtics rotate by -25 noenhanced scale 0
set bmargin 6
plot table('folios-bytes-of-the-list') using (column('median')/column('folios')):xtic(strcol('placement')) ls 1 title "list (Linux)", \
  table('folios-bytes-of-the-array') using (column('median')/column('folios')) ls 3 title "sparse array (posting)"
