{{- /*
A Deployment of one process. Called with a dict:
  root, component (its name), of (its values), args, grace (seconds it may take to end), replicas (null: an autoscaler's),
  surge (pods beyond the replicas in an upgrade), hasKeys (whether it gets the keys of stores and judges),
  record (the Secret with the record's address, if any), alivePort (the metrics', if not given),
  ready (path and port of readiness), ports (beside the metrics'), env (beside what all have), lifecycle.
*/ -}}
{{- define "assay.deployment" -}}
{{- include "assay.check" .root -}}
{{- $values := .root.Values -}}
{{- $fullname := include "assay.fullname" .root -}}
{{- $ready := default (dict "path" "/readyz" "port" "metrics") .ready -}}
{{- $alive := default "metrics" .alivePort -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ $fullname }}-{{ .component }}
  labels:
    {{- include "assay.labels" .root | nindent 4 }}
    app.kubernetes.io/component: {{ .component }}
spec:
  {{- if not (kindIs "invalid" .replicas) }}
  replicas: {{ .replicas }}
  {{- end }}
  revisionHistoryLimit: 3
  {{- if eq $values.upgradeStrategy "Recreate" }}
  strategy: {type: Recreate}
  {{- else }}
  strategy:
    type: RollingUpdate
    rollingUpdate: {maxSurge: {{ .surge }}, maxUnavailable: 0}
  {{- end }}
  selector:
    matchLabels:
      {{- include "assay.selector" .root | nindent 6 }}
      app.kubernetes.io/component: {{ .component }}
  template:
    metadata:
      labels:
        {{- include "assay.labels" .root | nindent 8 }}
        app.kubernetes.io/component: {{ .component }}
        {{- with $values.podLabels }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      annotations:
        kubectl.kubernetes.io/default-container: {{ .component }}
        {{- if $values.config.restartOnChange }}
        checksum/config: {{ printf "%s\n%s" $values.config.assay (toYaml $values.config.files) | sha256sum }}
        {{- end }}
        {{- with $values.podAnnotations }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
    spec:
      serviceAccountName: {{ include "assay.serviceAccount" .root }}
      automountServiceAccountToken: false
      # Kubernetes would set ASSAY_COLLECTOR_PORT=tcp://… for the Service of that name, and that is a setting of ours.
      enableServiceLinks: false
      # From SIGTERM on: the batch's deadline, and a moment to give back the rest and to say goodbye.
      terminationGracePeriodSeconds: {{ .grace }}
      securityContext:
        {{- toYaml $values.podSecurityContext | nindent 8 }}
      {{- with $values.image.pullSecrets }}
      imagePullSecrets:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with $values.priorityClassName }}
      priorityClassName: {{ . }}
      {{- end }}
      {{- with default $values.nodeSelector .of.nodeSelector }}
      nodeSelector:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with default $values.tolerations .of.tolerations }}
      tolerations:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- $affinity := default $values.affinity .of.affinity }}
      {{- if $affinity }}
      affinity:
        {{- toYaml $affinity | nindent 8 }}
      {{- else if $values.persistence.enabled }}
      # SQLite's write-ahead log needs shared memory: all that open a file of it run on one node.
      affinity:
        podAffinity:
          requiredDuringSchedulingIgnoredDuringExecution:
            - topologyKey: kubernetes.io/hostname
              labelSelector:
                matchLabels:
                  {{- include "assay.selector" .root | nindent 18 }}
      {{- end }}
      {{- if and $values.topologySpreadConstraints (not $values.persistence.enabled) }}
      topologySpreadConstraints:
        {{- range $values.topologySpreadConstraints }}
        - {{ toYaml . | nindent 10 | trim }}
          labelSelector:
            matchLabels:
              {{- include "assay.selector" $.root | nindent 14 }}
              app.kubernetes.io/component: {{ $.component }}
        {{- end }}
      {{- end }}
      containers:
        - name: {{ .component }}
          image: {{ include "assay.image" .root | quote }}
          imagePullPolicy: {{ $values.image.pullPolicy }}
          command: [assay]
          args: {{ toJson .args }}
          env:
            {{- include "assay.env" . | nindent 12 }}
          {{- if and .hasKeys $values.existingSecrets }}
          envFrom:
            {{- range $values.existingSecrets }}
            - secretRef: {name: {{ . | quote }}}
            {{- end }}
          {{- end }}
          ports:
            - {name: metrics, containerPort: {{ $values.metrics.port }}, protocol: TCP}
            {{- range .ports }}
            - {{ toJson . }}
            {{- end }}
          # Answers from the first moment on, also where Redis is away.
          startupProbe:
            {{- include "assay.probe" (dict "path" "/healthz" "port" $alive "more" (dict "periodSeconds" 5 "timeoutSeconds" 5 "failureThreshold" 60) "own" $values.probes.startup) | nindent 12 }}
          # A loop that hangs ends its process after a minute, with a line in the log. This comes later, and does not wait.
          livenessProbe:
            {{- include "assay.probe" (dict "path" "/healthz" "port" $alive "more" (dict "periodSeconds" 15 "timeoutSeconds" 5 "failureThreshold" 6 "terminationGracePeriodSeconds" 10) "own" $values.probes.liveness) | nindent 12 }}
          readinessProbe:
            {{- include "assay.probe" (dict "path" $ready.path "port" $ready.port "more" (dict "periodSeconds" 10 "timeoutSeconds" 6 "failureThreshold" 2) "own" $values.probes.readiness) | nindent 12 }}
          {{- with .lifecycle }}
          lifecycle:
            {{- toYaml . | nindent 12 }}
          {{- end }}
          securityContext:
            {{- toYaml $values.containerSecurityContext | nindent 12 }}
          resources:
            {{- toYaml .of.resources | nindent 12 }}
          volumeMounts:
            # A directory, never a subPath, which would keep its first content for ever.
            - {name: config, mountPath: /config, readOnly: true}
            - {name: data, mountPath: /data}
            - {name: tmp, mountPath: /tmp}
            {{- with $values.extraVolumeMounts }}
            {{- toYaml . | nindent 12 }}
            {{- end }}
      volumes:
        - name: config
          projected:
            sources:
              {{- include "assay.configSources" .root | nindent 14 }}
        - name: data
          {{- if $values.persistence.enabled }}
          persistentVolumeClaim:
            claimName: {{ default (printf "%s-data" $fullname) $values.persistence.existingClaim }}
          {{- else }}
          emptyDir: {sizeLimit: {{ $values.scratch.dataSize }}}
          {{- end }}
        - name: tmp
          emptyDir: {sizeLimit: {{ $values.scratch.tmpSize }}}
        {{- with $values.extraVolumes }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
{{- end -}}

{{- define "assay.probe" -}}
httpGet: {path: {{ .path }}, port: {{ .port }}}
{{ mergeOverwrite .more (deepCopy (default dict .own)) | toYaml }}
{{- end -}}

{{- /* Variables of a process. What is set here cannot be set by `env`: values.schema.json refuses it. */ -}}
{{- define "assay.env" -}}
{{- $values := .root.Values -}}
- {name: ASSAY_CONFIG_DIR, value: /config}
- {name: ASSAY_DATA_DIR, value: /data}
- {name: ASSAY_LOG_FORMAT, value: json}
- {name: ASSAY_METRICS_HOST, value: {{ $values.metrics.address | quote }}}
- {name: ASSAY_METRICS_PORT, value: {{ $values.metrics.port | quote }}}
- {name: ASSAY_BATCH_DEADLINE_S, value: {{ $values.batchDeadlineSeconds | quote }}}
- name: ASSAY_REDIS_URL
  {{- if $values.redis.url }}
  value: {{ $values.redis.url | quote }}
  {{- else }}
  valueFrom:
    secretKeyRef: {name: {{ $values.redis.existingSecret | quote }}, key: {{ $values.redis.key | quote }}}
  {{- end }}
{{- with .record }}
{{- if .existingSecret }}
- name: ASSAY_DATABASE_URL
  valueFrom:
    secretKeyRef: {name: {{ .existingSecret | quote }}, key: {{ .key | quote }}}
{{- end }}
{{- end }}
{{- with include "assay.softMemory" .of }}
- {name: ASSAY_MEMORY_LIMIT_MB, value: {{ . | quote }}}
{{- end }}
{{- with .env }}
{{ toYaml . }}
{{- end }}
{{- /* The last of a name counts, and it stands there once: a server-side apply refuses two of one name. */}}
{{- $own := list -}}
{{- range $name, $value := $values.env -}}
{{- if not (kindIs "invalid" $value) -}}
{{- $own = append $own (dict "name" $name "value" (toString $value)) -}}
{{- end -}}
{{- end -}}
{{- $own = concat $own (default list $values.extraEnv) (default list .of.extraEnv) -}}
{{- range $n, $each := $own }}
{{- $later := list -}}
{{- range slice $own (add1 $n) }}{{ $later = append $later .name }}{{ end -}}
{{- if not (has $each.name $later) }}
- {{ toJson $each }}
{{- end }}
{{- end }}
{{- end -}}

{{- /* A share of limits.memory in MiB. Empty without a limit in Mi or Gi, and below 128, the least that a worker takes. */ -}}
{{- define "assay.softMemory" -}}
{{- $limit := toString (dig "limits" "memory" "" (default dict .resources)) -}}
{{- if and .softMemoryShare (regexMatch "^[0-9]+(\\.[0-9]+)?[MG]i$" $limit) -}}
{{- $mib := mulf (regexFind "^[0-9.]+" $limit | float64) (ternary 1024 1 (hasSuffix "Gi" $limit)) -}}
{{- with mulf $mib .softMemoryShare | floor | int -}}
{{- if ge . 128 }}{{ . }}{{ end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- /* Everything below /config, which the kubelet exchanges as a whole. */ -}}
{{- define "assay.configSources" -}}
- configMap:
    name: {{ default (include "assay.configMap" .) .Values.config.existingConfigMap }}
    items:
      - {key: assay.yaml, path: assay.yaml}
      {{- if not .Values.config.existingConfigMap }}
      {{- range $path, $_ := .Values.config.files }}
      - {key: {{ include "assay.configKey" $path }}, path: {{ $path | quote }}}
      {{- end }}
      {{- end }}
{{- with .Values.config.extraSources }}
{{ toYaml . }}
{{- end }}
{{- end -}}
