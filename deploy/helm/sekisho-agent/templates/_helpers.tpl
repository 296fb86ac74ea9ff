{{- define "sekisho-agent.name" -}}
{{- $name := contains .Chart.Name .Release.Name | ternary .Release.Name (printf "%s-%s" .Release.Name .Chart.Name) }}
{{- $name | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "sekisho-agent.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "sekisho-agent.labels" -}}
{{ include "sekisho-agent.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "sekisho-agent.serviceAccount" -}}
{{- if .Values.serviceAccount.create }}
{{- .Values.serviceAccount.name | default (include "sekisho-agent.name" .) }}
{{- else }}
{{- required "serviceAccount.name is needed where serviceAccount.create is false" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{- define "sekisho-agent.image" -}}
{{- with .Values.image }}
{{- if .digest }}{{ .repository }}@{{ .digest }}{{ else }}{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}{{ end }}
{{- end }}
{{- end }}

{{- define "sekisho-agent.socket" -}}
{{ .Values.runDirectory | trimSuffix "/" }}/agent.sock
{{- end }}

{{- /* Where the agent listens: an IPv6 address needs brackets before its port. */ -}}
{{- define "sekisho-agent.listen" -}}
{{- with .Values.http }}{{ if contains ":" .host }}{{ printf "[%s]" .host }}{{ else }}{{ .host }}{{ end }}:{{ .port }}{{ end }}
{{- end }}

{{- /* Where the hub is told what is recorded: there must be something. */ -}}
{{- define "sekisho-agent.serveFlows" -}}
{{- if eq .Values.flows "none" }}{{ fail "serveFlows.enabled needs flows: denied or all" }}{{ end }}
{{- with .Values.serveFlows }}{{ if contains ":" .host }}{{ printf "[%s]" .host }}{{ else }}{{ .host }}{{ end }}:{{ .port }}{{ end }}
{{- end }}

{{- /* Where the kubelet asks, which is on the same host: an address, and one that is not all of them. */ -}}
{{- define "sekisho-agent.probeHost" -}}
{{- $host := .Values.http.host }}
{{- if eq $host "0.0.0.0" }}127.0.0.1{{ else if eq $host "::" }}::1{{ else }}{{ $host }}{{ end }}
{{- end }}

{{- define "sekisho-agent.isLoopback" -}}
{{- if or (hasPrefix "127." .Values.http.host) (eq .Values.http.host "::1") }}true{{ end }}
{{- end }}

{{- /* Root without any right but those that are named: the files it needs are root's. */ -}}
{{- define "sekisho-agent.securityContext" -}}
runAsUser: 0
runAsGroup: 0
privileged: false
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}
