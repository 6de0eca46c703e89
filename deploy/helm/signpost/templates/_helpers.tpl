{{/* Beginning of all names: the release, with the name of the chart unless the release has it. */}}
{{- define "signpost.name" -}}
{{- ternary .Release.Name (printf "%s-%s" .Release.Name .Chart.Name) (contains .Chart.Name .Release.Name) | trunc 50 | trimSuffix "-" -}}
{{- end }}

{{/* What selects the pods of the release. */}}
{{- define "signpost.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{/* Labels of every object. */}}
{{- define "signpost.labels" -}}
{{ include "signpost.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{/* The common part of each pod. A Service would add variables like SIGNPOST_PORT, which are no settings. */}}
{{- define "signpost.pod" -}}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  seccompProfile: {type: RuntimeDefault}
{{- with .Values.image.pullSecrets }}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.pod }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* The common part of each container; the image's entrypoint stays. */}}
{{- define "signpost.container" -}}
image: "{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}"
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
env:
  - {name: SIGNPOST_DATABASE_URL_FILE, value: /run/secrets/stores/database_url}
  - {name: SIGNPOST_BROKER_URL_FILE, value: /run/secrets/stores/broker_url}
  - {name: SIGNPOST_DATA_DIR, value: /var/lib/signpost}
  - {name: SIGNPOST_TENANTS, value: /etc/signpost/tenants/tenants.yaml}
  - {name: SIGNPOST_HTTP_BIND, value: "0.0.0.0:8080"}
  - {name: SIGNPOST_METRICS_BIND, value: "0.0.0.0:9464"}
  - {name: SIGNPOST_DRAIN_SECONDS, value: {{ .Values.drainSeconds | quote }}}
  {{- if include "signpost.rules" . }}
  - {name: SIGNPOST_RULES, value: "{{ if .Values.rules.keepShipped }}ours:{{ end }}/etc/signpost/rules"}
  {{- end }}
  {{- if include "signpost.vendors" . }}
  - {name: SIGNPOST_VENDORS, value: /etc/signpost/vendors}
  {{- end }}
  {{- range $name, $value := .Values.settings }}
  - {name: {{ $name }}, value: {{ $value | quote }}}
  {{- end }}
{{- end }}

{{/* Mounts of every container. */}}
{{- define "signpost.mounts" -}}
- {name: stores, mountPath: /run/secrets/stores, readOnly: true}
- {name: state, mountPath: /var/lib/signpost}
- {name: tmp, mountPath: /tmp}
{{- end }}

{{/* Their volumes; of a dict with the Secret of the stores. */}}
{{- define "signpost.volumes" -}}
- name: stores
  secret: {secretName: {{ .secret | quote }}, defaultMode: 0440}
- name: state
  emptyDir: {sizeLimit: 64Mi}
- name: tmp
  emptyDir: {medium: Memory, sizeLimit: 64Mi}
{{- end }}

{{/* Names of the ConfigMaps with rules and mappings; empty without any. */}}
{{- define "signpost.rules" -}}
{{- .Values.rules.existingConfigMap | default (ternary (printf "%s-rules" (include "signpost.name" .)) "" (not (empty .Values.rules.files))) -}}
{{- end }}
{{- define "signpost.vendors" -}}
{{- .Values.vendors.existingConfigMap | default (ternary (printf "%s-vendors" (include "signpost.name" .)) "" (not (empty .Values.vendors.files))) -}}
{{- end }}
