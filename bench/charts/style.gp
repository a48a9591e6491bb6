# What all charts have in common. The caller sets data (folder and first words of the tables) and subtitle (the run).
set terminal svg size 1100,640 dynamic enhanced font 'sans-serif,17' background '#ffffff'
set datafile separator "\t"
# The first line names the columns and is no point of data.
set datafile columnheaders
set datafile missing NaN
set encoding utf8
set border 3 lc rgb '#444444'
set tics nomirror
set grid ytics lt 1 lw 1 lc rgb '#cccccc'
set key outside right top vertical Left reverse samplen 2 spacing 1.15

set style line 1 lc rgb '#0072b2' lw 2.5 pt 7 ps 0.8
set style line 2 lc rgb '#56b4e9' lw 2.5 pt 5 ps 0.8 dt 2
set style line 3 lc rgb '#d55e00' lw 2.5 pt 9 ps 0.9
set style line 4 lc rgb '#e69f00' lw 2.5 pt 11 ps 0.9 dt 2
set style line 5 lc rgb '#000000' lw 2.5 pt 13 ps 0.9
set style line 6 lc rgb '#999999' lw 2.5 pt 3 ps 0.9
set style line 7 lc rgb '#009e73' lw 2.5 pt 2 ps 0.9
set style line 8 lc rgb '#cc79a7' lw 2.5 pt 1 ps 0.9
set style line 9 lc rgb '#f0e442' lw 2.5 pt 4 ps 0.9
set style line 10 lc rgb '#7a5195' lw 2.5 pt 6 ps 0.9

table(name) = data.'-'.name.'.tsv'
# A cell of a column of words; a value where it is the wanted one, else nothing.
where(column_name, word, value) = strcol(column_name) eq word ? value : NaN
where2(name1, word1, name2, word2, value) = strcol(name1) eq word1 && strcol(name2) eq word2 ? value : NaN
