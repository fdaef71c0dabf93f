"""Rule results go in; alerts, incidents and the messages that tell people of them come out."""
