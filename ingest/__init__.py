"""How spectra and structures come in: readers, simulators, checks and the writer."""
