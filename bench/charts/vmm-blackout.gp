# A guest's blackout, part by part, stacked: what is the kernel's in grey.
set terminal svg size 1200,900
set multiplot layout 2,1 title "How long a guest stands still, on Linux in a VM\n{/*0.8 ".subtitle.": medians of each part}"
set style data histograms
set style histogram rowstacked
set style fill solid 0.9 noborder
set boxwidth 0.7
set ylabel 'time (s)'
set yrange [0:*]
set xtics scale 0
parts = '"freeze, reboot(2), the jump" "kernel boot to the program" "save" "preserve the state" "process start to main" "open the update" "retrieve" "rebuild" "restore" "let it run"'
styles = '9 6 1 2 3 4 5 7 8 10'
do for [group in 'blackout-linux blackout-ram'] {
  set title (group eq 'blackout-linux' ? 'Linux with 256 MiB: how the program is started' : 'a guest that counts in all its pages: folios and RAM (MiB)')
  plot for [i=1:words(parts)] table(group) using (column(word(parts, i).' s')):xtic(1) ls (0+word(styles, i)) dt 1 title word(parts, i)
}
unset multiplot
