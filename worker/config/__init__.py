"""What a deployment is configured by: assay.yaml by topic, the environment, the files around it."""
