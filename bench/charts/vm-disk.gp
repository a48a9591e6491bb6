# Live update by writing the same memory to a disk and reading it back after a plain kexec.
set title "Live update by the way through a disk, on Linux in a VM\n{/*0.8 ".subtitle.": 1 is writing the memory to the disk, a plain kexec, and reading it back}"
set xlabel 'size of the memory (MiB)'
set ylabel 'live update / disk'
set logscale y
set format y '%g'
set style data histograms
set style histogram clustered gap 1
set style fill solid 0.9 noborder
set xtics scale 0
set arrow 1 from graph 0, first 1 to graph 1, first 1 nohead lc rgb '#000000' dt 3 lw 2
disk = table('disk')
plot disk using (column('4 KiB folios s')/column('disk s')):xtic(sprintf('%.0f', column('bytes')/1048576.0)) ls 1 title "4 KiB folios, calls alone", \
  disk using (column('2 MiB folios s')/column('disk s')) ls 3 title "2 MiB folios, calls alone", \
  disk using (column('4 KiB folios, with the kexec s')/column('disk, with the kexec s')) ls 7 title "4 KiB folios, with the kexec", \
  disk using (column('2 MiB folios, with the kexec s')/column('disk, with the kexec s')) ls 8 title "2 MiB folios, with the kexec"
