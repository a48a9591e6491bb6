# The phases of a live update on Linux that the carried memory itself takes; the kexec and the boot are left out.
set terminal svg size 1200,900
phases = '"preserve" "freeze and serialise" "first open: deserialise" "retrieve" "finish" "first look at every page"'
set multiplot layout 2,1 title "What the memory of one file adds to a kexec, on Linux in a VM\n{/*0.8 ".subtitle.": medians; the bars span least and most}"
set logscale xy
set format x '%.0f'
set format y '%g'
set xlabel 'size of the file (MiB)'
set ylabel 'time (ms)'
set grid xtics
do for [folios in 'size-4k size-huge'] {
  set title (folios eq 'size-4k' ? 'folios of 4 KiB' : 'folios of 2 MiB')
  plot for [i=1:words(phases)] table(folios) using (column('bytes')/1048576.0):(column(word(phases, i).' s')*1e3):(column(word(phases, i).' least')*1e3):(column(word(phases, i).' most')*1e3) \
    with yerrorlines ls i title word(phases, i)
}
unset multiplot
