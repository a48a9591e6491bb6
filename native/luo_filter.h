#pragma once

/* Installs the filter on this thread: the listener's descriptor, or -1 and errno (EBUSY where a filter with a listener is there). With
   everything, calls that only look at paths and descriptors are trapped too. */
int install_filter(int everything);
