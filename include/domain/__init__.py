"""The words of Assay as plain types: standard library only, no I/O, no clock."""
