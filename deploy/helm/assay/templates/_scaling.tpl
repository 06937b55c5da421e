{{- /* What the ServiceMonitor makes of our metrics, so that two fleets in one Prometheus are told apart. */ -}}
{{- define "assay.metricSelector" -}}
{{- default (printf "namespace=%q,service=\"%s-metrics\"" .Release.Namespace (include "assay.fullname" .)) .Values.assess.autoscaling.keda.selector -}}
{{- end -}}

{{- /*
How many workers judge within drainSeconds what waits: the work, over the time and what a worker does in a second.
  - Work is what waits for its release, and 16 traces for each message in the queue or in a worker's hands. What workers
    hold is in no list of Redis: a length of a list would let the last long batches be scaled away.
  - A use case whose budget is spent waits for no worker, and nobody does where that of all is.
  - Nothing in flight is no work, whatever message of a tick is in somebody's hands.
  - What a worker does is what each did in the last five minutes, and at least judgementsPerSecond: a fleet that
    has nothing to do has not become slow.
  - Without an answer of Redis or of Prometheus there is no value, which KEDA takes for an error and not for 0.
*/ -}}
{{- define "assay.workersNeeded" -}}
{{- $s := include "assay.metricSelector" . -}}
{{- $keda := .Values.assess.autoscaling.keda -}}
(
  (
    (
      sum(
        max by (use_case) (assay_backlog_traces{ {{- $s -}} })
        unless on (use_case)
        max by (use_case) (assay_judge_budget_spent_usd{ {{- $s -}} } >= assay_judge_budget_limit_usd{ {{- $s -}} })
        unless on ()
        max(assay_judge_budget_spent_usd{use_case="(all)",{{ $s }}} >= assay_judge_budget_limit_usd{use_case="(all)",{{ $s }}})
      )
      or vector(0)
    )
    + 16 * (max(assay_queue_waiting_messages{queue="assess",{{ $s }}}) + max(assay_queue_in_hand_messages{ {{- $s -}} }))
  )
  * (max(assay_oldest_open_seconds{ {{- $s -}} }) > bool 0)
)
/ (
  {{ $keda.drainSeconds }}
  * clamp_min(
    (sum(rate(assay_task_results_total{task="assess",result=~"judged|skipped",{{ $s }}}[5m])) or vector(0))
    / clamp_min(max(assay_processes{role="assess",{{ $s }}}), 1),
    {{ $keda.judgementsPerSecond }}
  )
)
and on () (max(assay_state_readable{ {{- $s -}} }) == 1)
{{- end -}}
