"""What the other libraries need to do the same job: a runner each, and the endpoint that they ask."""
