{{- define "assay.name" -}}
{{- include "assay.short" (default .Chart.Name .Values.nameOverride) -}}
{{- end -}}

{{- define "assay.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- include "assay.short" .Values.fullnameOverride -}}
{{- else if contains (include "assay.name" .) .Release.Name -}}
{{- include "assay.short" .Release.Name -}}
{{- else -}}
{{- include "assay.short" (printf "%s-%s" .Release.Name (include "assay.name" .)) -}}
{{- end -}}
{{- end -}}

{{- /*
40 characters, so that a Service's 63 hold what follows. A longer name ends in a hash of the whole: two long names of
releases may begin alike. A Service's name has no dot and begins with a letter; the name of a release need not.
*/ -}}
{{- define "assay.short" -}}
{{- $name := replace "." "-" . -}}
{{- if not (regexMatch "^[a-z]" $name) -}}
{{- $name = printf "assay-%s" $name -}}
{{- end -}}
{{- if gt (len $name) 40 -}}
{{- $name = printf "%s-%s" ($name | trunc 31 | trimSuffix "-") (sha256sum . | trunc 8) -}}
{{- end -}}
{{- $name -}}
{{- end -}}

{{- define "assay.selector" -}}
app.kubernetes.io/name: {{ include "assay.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "assay.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{ include "assay.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/part-of: assay
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end -}}

{{- define "assay.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "assay.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "assay.image" -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) -}}
{{- end -}}
{{- end -}}

{{- /* A key of a ConfigMap has no slash and no @: `golden_sets/bot-v1/golden.lock` is `golden_sets__bot-v1__golden.lock`. */ -}}
{{- define "assay.configKey" -}}
{{- regexReplaceAll "[^-._a-zA-Z0-9]" . "__" -}}
{{- end -}}

{{- define "assay.configMap" -}}
{{- printf "%s-config" (include "assay.fullname" .) -}}
{{- end -}}
