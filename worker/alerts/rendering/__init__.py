"""Rules as files of Prometheus and Alertmanager."""
