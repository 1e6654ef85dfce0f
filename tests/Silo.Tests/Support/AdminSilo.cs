using System.Net;
using System.Text;
using System.Text.Json;

namespace Quota.Silo.Tests.Support;

/// <summary>Administers a silo over its JSON twin, as curl would.</summary>
internal sealed class AdminSilo(IPEndPoint http) : IDisposable
{
    private readonly HttpClient _client = new() { BaseAddress = new Uri($"http://{http}"), Timeout = TimeSpan.FromMinutes(2) };

    /// <summary>Any request; status and body.</summary>
    public async Task<(HttpStatusCode Status, JsonElement Body)> SendAsync(string method, string path, string? body = null, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        request.Content = body is null ? null : new StringContent(body, Encoding.UTF8, "application/json");
        foreach ((string name, string value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }
        using HttpResponseMessage response = await _client.SendAsync(request);
        using JsonDocument document = JsonDocument.Parse(await response.Content.ReadAsStringAsync());
        return (response.StatusCode, document.RootElement.Clone());
    }

    /// <summary>A request that must succeed.</summary>
    public async Task<JsonElement> DoAsync(string method, string path, string? body = null, params (string Name, string Value)[] headers)
    {
        (HttpStatusCode status, JsonElement answer) = await SendAsync(method, path, body, headers);
        Assert.True((int)status is >= 200 and < 300, $"{method} {path}: {status} {answer}");
        return answer;
    }

    /// <summary>A request that must be refused; its status, field and detail.</summary>
    public async Task<(HttpStatusCode Status, string Field, string Detail)> RefusedAsync(string method, string path, string? body = null, params (string Name, string Value)[] headers)
    {
        (HttpStatusCode status, JsonElement answer) = await SendAsync(method, path, body, headers);
        Assert.True((int)status >= 400, $"{method} {path}: {status} {answer}");
        return (status, answer.TryGetProperty("field", out JsonElement field) ? field.GetString()! : "", answer.GetProperty("detail").GetString()!);
    }

    /// <summary>Imports lines; the last progress.</summary>
    public async Task<JsonElement> ImportAsync(string lines, string query = "")
    {
        using var content = new StringContent(lines, Encoding.UTF8, "application/jsonl");
        using HttpResponseMessage response = await _client.PostAsync("/v1/import" + query, content);
        string body = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, body);
        using JsonDocument last = JsonDocument.Parse(body.TrimEnd('\n').Split('\n')[^1]);
        Assert.True(last.RootElement.GetProperty("done").GetBoolean());
        return last.RootElement.Clone();
    }

    /// <summary>Everything, without what the server sets.</summary>
    public async Task<string> ExportAsync(string query = "")
    {
        string text = await _client.GetStringAsync("/v1/export" + query);
        return System.Text.RegularExpressions.Regex.Replace(text, ", \"(etag|source|updated_at_unix_ms)\": \"[^\"]*\"", "");
    }

    public void Dispose() => _client.Dispose();
}
