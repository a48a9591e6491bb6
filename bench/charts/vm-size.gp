# The phases of a live update on Linux, stacked, by size and folio.
set terminal svg size 1200,900
phases = '"preserve" "freeze and serialise" "kexec until the next kernel''s clock" "boot until init" "init until the program" "first open: deserialise" "retrieve" "finish" "first look at every page"'
set multiplot layout 2,1 title "Phases of a live update of one file, on Linux in a VM\n{/*0.8 ".subtitle.": medians}"
set style data histograms
set style histogram rowstacked
set style fill solid 0.9 noborder
set boxwidth 0.7
set xlabel 'size of the file (MiB)'
set ylabel 'time (s)'
set yrange [0:*]
set xtics scale 0
do for [folios in 'size-4k size-huge'] {
  set title (folios eq 'size-4k' ? 'folios of 4 KiB' : 'folios of 2 MiB')
  plot for [i=1:words(phases)] table(folios) using (column(word(phases, i).' s')):xtic(sprintf('%.0f', column('bytes')/1048576.0)) ls i dt 1 title word(phases, i)
}
unset multiplot
