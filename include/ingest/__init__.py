"""The first stage: a window of somebody's log goes in, interactions fit to judge and a quarantine come out."""
