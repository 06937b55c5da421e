"""Setting a deployment up and examining it: init, doctor, and the traffic they look at."""
