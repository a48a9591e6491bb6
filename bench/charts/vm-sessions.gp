# The phases of a live update on Linux that grow with sessions and files.
set terminal svg size 1200,900
phases = '"create the sessions" "preserve" "freeze and serialise" "first open: deserialise" "retrieve the sessions" "retrieve" "finish"'
set multiplot layout 2,1 title "Phases of a live update by what it carries, on Linux in a VM\n{/*0.8 ".subtitle.": medians; the bars span least and most}"
set logscale xy
set format y '%g'
set ylabel 'time (ms)'
set grid xtics
do for [what in 'sessions files'] {
  set xlabel (what eq 'sessions' ? 'sessions of one file of a page' : 'files of a page in one session')
  plot for [i=1:words(phases)] table(what) using (column(what)):(column(word(phases, i).' s')*1e3):(column(word(phases, i).' least')*1e3):(column(word(phases, i).' most')*1e3) \
    with yerrorlines ls i title word(phases, i)
}
unset multiplot
