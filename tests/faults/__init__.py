"""The benchmark of `searchapp diagnose`: faults as files, examined through the command line."""
