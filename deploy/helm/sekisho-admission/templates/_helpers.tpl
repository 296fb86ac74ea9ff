{{- define "sekisho-admission.name" -}}
{{- $name := contains .Chart.Name .Release.Name | ternary .Release.Name (printf "%s-%s" .Release.Name .Chart.Name) }}
{{- $name | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "sekisho-admission.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "sekisho-admission.labels" -}}
{{ include "sekisho-admission.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "sekisho-admission.serviceAccount" -}}
{{- if .Values.serviceAccount.create }}
{{- .Values.serviceAccount.name | default (include "sekisho-admission.name" .) }}
{{- else }}
{{- required "serviceAccount.name is needed where serviceAccount.create is false" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{- define "sekisho-admission.image" -}}
{{- with .Values.image }}
{{- if .digest }}{{ .repository }}@{{ .digest }}{{ else }}{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}{{ end }}
{{- end }}
{{- end }}

{{- /* The Secret of the certificates. */ -}}
{{- define "sekisho-admission.secret" -}}
{{- .Values.tls.existingSecret | default (printf "%s-tls" (include "sekisho-admission.name" .)) }}
{{- end }}

{{- /* Whether somebody else keeps them. */ -}}
{{- define "sekisho-admission.isGiven" -}}
{{- if or .Values.tls.existingSecret .Values.tls.certManager.enabled }}true{{ end }}
{{- end }}

{{- /* Whether somebody has said what the standard is. */ -}}
{{- define "sekisho-admission.hasRules" -}}
{{- if or .Values.catalog .Values.rego .Values.promises }}true{{ end }}
{{- end }}

{{- define "sekisho-admission.hasVolumes" -}}
{{- if or (include "sekisho-admission.isGiven" .) (include "sekisho-admission.hasRules" .) }}true{{ end }}
{{- end }}

{{- /* An IPv6 address needs brackets before its port. */ -}}
{{- define "sekisho-admission.host" -}}
{{- if contains ":" .Values.host }}{{ printf "[%s]" .Values.host }}{{ else }}{{ .Values.host }}{{ end }}
{{- end }}
