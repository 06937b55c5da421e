{{- /* What no schema can say. Each message names value and remedy. */ -}}
{{- define "assay.check" -}}
{{- $redis := .Values.redis -}}
{{- if not (or $redis.existingSecret $redis.url) -}}
{{- fail "\n\nredis: Assay needs a Redis or Valkey, which this chart does not bring. Put its address into a Secret:\n  kubectl create secret generic assay-redis --from-literal=ASSAY_REDIS_URL=rediss://:PASSWORD@HOST:6379/0\nand name it by redis.existingSecret. For a server without a password redis.url is enough.\n" -}}
{{- end -}}
{{- if not (or .Values.database.existingSecret .Values.persistence.enabled) -}}
{{- fail "\n\ndatabase: without PostgreSQL the record would be lost with each pod. Put ASSAY_DATABASE_URL into a Secret and name it by database.existingSecret, or keep the record in a volume: persistence.enabled=true, with all pods on one node.\n" -}}
{{- end -}}
{{- if and .Values.collector.enabled (not .Values.persistence.enabled) -}}
{{- fail "\n\ncollector: spans would be lost with each pod. Set persistence.enabled=true: collector and workers then share a disk, and run on one node. For several nodes send spans to a trace store with a server.\n" -}}
{{- end -}}
{{- if and .Values.serve.enabled .Values.serve.ingress.enabled (not .Values.serve.ingress.host) -}}
{{- fail "\n\nserve.ingress.host: an Ingress without a host would answer under every name of its controller; set the name that readers open.\n" -}}
{{- end -}}
{{- if and .Values.networkPolicy.enabled .Values.networkPolicy.egress.enabled (not .Values.networkPolicy.egress.rules) -}}
{{- fail "\n\nnetworkPolicy.egress.rules: nothing but DNS could be reached; name Redis, PostgreSQL, the trace store and the judges, as the chart's README.md shows.\n" -}}
{{- end -}}
{{- $assay := fromYaml .Values.config.assay -}}
{{- if hasKey $assay "Error" -}}
{{- fail (printf "\n\nconfig.assay: no YAML: %s\n" (get $assay "Error")) -}}
{{- end -}}
{{- if not (or .Values.persistence.enabled .Values.config.existingConfigMap) -}}
{{- range append (default list (get $assay "stores")) (default dict (get $assay "store")) -}}
{{- if and (kindIs "map" .) (eq (toString (get . "kind")) "sqlite") -}}
{{- fail "\n\nconfig.assay: a store of kind sqlite is a file, of which each pod would have another one. Set persistence.enabled=true, or name a store with a server.\n" -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if and (ne .Values.assess.autoscaling.mode "none") (gt (int .Values.assess.autoscaling.minReplicas) (int .Values.assess.autoscaling.maxReplicas)) -}}
{{- fail "\n\nassess.autoscaling: minReplicas is above maxReplicas.\n" -}}
{{- end -}}
{{- if and (eq .Values.assess.autoscaling.mode "hpa") (lt (int .Values.assess.autoscaling.minReplicas) 1) -}}
{{- fail "\n\nassess.autoscaling: an HPA cannot go to zero; set minReplicas to 1, or mode to keda.\n" -}}
{{- end -}}
{{- $keys := dict -}}
{{- range $path, $_ := .Values.config.files -}}
{{- $key := include "assay.configKey" $path -}}
{{- if or (hasKey $keys $key) (eq $key "assay.yaml") -}}
{{- fail (printf "\n\nconfig.files: %s: another file has the same key %s in the ConfigMap; rename one of them.\n" $path $key) -}}
{{- end -}}
{{- $_ := set $keys $key true -}}
{{- end -}}
{{- end -}}
