"""What a process serves to Prometheus. Nobody outside this folder imports its client library."""
