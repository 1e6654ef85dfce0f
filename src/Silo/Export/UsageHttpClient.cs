using System.Text;
using Google.Protobuf;
using Quota.Contracts.V1;
using Quota.Silo.Cli;

namespace Quota.Silo.Export;

/// <summary>Asks a silo for usage over HTTP. Safe for concurrent use.</summary>
internal sealed class UsageHttpClient : IDisposable
{
    private static readonly JsonParser Parser = new(JsonParser.Settings.Default.WithIgnoreUnknownFields(true));

    private readonly HttpClient _http;

    /// <param name="server">The silo's HTTP address.</param>
    public UsageHttpClient(string server) => _http = ServerOption.Connect(server);

    /// <summary>The rows of a month, one by one.</summary>
    /// <param name="options">Which.</param>
    /// <param name="month">As 2026-10; empty for the running month.</param>
    /// <param name="afterKey">Begin after this key.</param>
    /// <param name="take">Called with each row.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>Null, or why it ended early.</returns>
    public async Task<string?> StreamAsync(ExportOptions options, string month, string afterKey, Action<UsageRow> take, CancellationToken cancellation)
    {
        var query = new UsageQuery().Add("month", month).Add("after_key", afterKey).Add("daily", options.Daily ? "true" : "").Add(options.Labels);
        try
        {
            using HttpResponseMessage response = await _http.GetAsync($"/v1/namespaces/{Uri.EscapeDataString(options.Namespace)}/usage:export{query}", HttpCompletionOption.ResponseHeadersRead, cancellation).ConfigureAwait(false);
            if (!response.IsSuccessStatusCode)
            {
                return await ServerOption.ProblemAsync(response, cancellation).ConfigureAwait(false);
            }
            using var lines = new StreamReader(await response.Content.ReadAsStreamAsync(cancellation).ConfigureAwait(false), Encoding.UTF8);
            while (await lines.ReadLineAsync(cancellation).ConfigureAwait(false) is { } line)
            {
                take(Parser.Parse<UsageRow>(line));
            }
            return null;
        }
        catch (Exception e) when (e is HttpRequestException or IOException or InvalidProtocolBufferException or InvalidJsonException)
        {
            return $"{_http.BaseAddress}: {e.Message}";
        }
    }

    /// <summary>One key's usage, as the silo wrote it, or why there is none.</summary>
    public async Task<(string? Json, string? Problem)> GetAsync(string owner, string key, UsageQuery query, CancellationToken cancellation)
    {
        try
        {
            using HttpResponseMessage response = await _http.GetAsync($"/v1/namespaces/{Uri.EscapeDataString(owner)}/keys/{Uri.EscapeDataString(key)}/usage{query}", cancellation).ConfigureAwait(false);
            return response.IsSuccessStatusCode
                ? (await response.Content.ReadAsStringAsync(cancellation).ConfigureAwait(false), null)
                : (null, await ServerOption.ProblemAsync(response, cancellation).ConfigureAwait(false));
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            return (null, $"{_http.BaseAddress}: {e.Message}");
        }
    }

    /// <summary>Reads what <see cref="GetAsync"/> answered.</summary>
    public static KeyUsage Parse(string json) => Parser.Parse<KeyUsage>(json);

    public void Dispose() => _http.Dispose();
}
