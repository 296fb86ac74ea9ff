{{- define "sekisho-hub.name" -}}
{{- $name := contains .Chart.Name .Release.Name | ternary .Release.Name (printf "%s-%s" .Release.Name .Chart.Name) }}
{{- $name | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "sekisho-hub.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "sekisho-hub.labels" -}}
{{ include "sekisho-hub.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "sekisho-hub.image" -}}
{{- with .Values.image }}
{{- if .digest }}{{ .repository }}@{{ .digest }}{{ else }}{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}{{ end }}
{{- end }}
{{- end }}

{{- /* Whether somebody is told of alerts. */ -}}
{{- define "sekisho-hub.hasReceivers" -}}
{{- if or .Values.telling.alertmanagers .Values.telling.webhooks }}true{{ end }}
{{- end }}

{{- /* Whether there are files of the hub's own. */ -}}
{{- define "sekisho-hub.hasFiles" -}}
{{- if or .Values.catalog .Values.clickhouse.ca }}true{{ end }}
{{- end }}

{{- define "sekisho-hub.secret" -}}
{{ include "sekisho-hub.name" . }}-tls
{{- end }}
