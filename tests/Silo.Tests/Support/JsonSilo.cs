using System.Net;
using System.Text;
using System.Text.Json;

namespace Quota.Silo.Tests.Support;

/// <summary>Asks a silo over its JSON twin, as curl would.</summary>
internal sealed class JsonSilo(IPEndPoint http) : IDisposable
{
    private readonly HttpClient _client = new() { BaseAddress = new Uri($"http://{http}") };

    /// <summary>One check; the whole answer.</summary>
    public async Task<(HttpStatusCode Status, JsonElement Body)> CheckAsync(string owner, string key, long cost = 1, string more = "")
    {
        using var body = new StringContent($$"""{"namespace":"{{owner}}","key":"{{key}}","cost":{{cost}}{{more}}}""", Encoding.UTF8, "application/json");
        using HttpResponseMessage response = await _client.PostAsync("/v1/check", body);
        using JsonDocument document = JsonDocument.Parse(await response.Content.ReadAsStringAsync());
        return (response.StatusCode, document.RootElement.Clone());
    }

    /// <summary>What is left of a limit, without counting.</summary>
    public async Task<long> RemainingAsync(string owner, string key, string limit)
    {
        (HttpStatusCode status, JsonElement body) = await CheckAsync(owner, key, 0);
        Assert.True(status == HttpStatusCode.OK, body.ToString());
        return body.GetProperty("limits").EnumerateArray().Single(l => l.GetProperty("name").GetString() == limit && !l.TryGetProperty("key", out _)).GetProperty("remaining").GetInt64();
    }

    /// <summary>The status of a path.</summary>
    public async Task<HttpStatusCode> GetAsync(string path)
    {
        using HttpResponseMessage response = await _client.GetAsync(path);
        return response.StatusCode;
    }

    /// <summary>Asks until the answer is as awaited; fails with the last one when the time is up.</summary>
    public static async Task<T> UntilAsync<T>(Func<Task<T>> ask, Func<T, bool> awaited, TimeSpan timeout)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        DateTime end = DateTime.UtcNow + timeout;
        while (true)
        {
            T answer = await ask();
            if (awaited(answer))
            {
                return answer;
            }
            Assert.True(DateTime.UtcNow < end, $"still {answer}");
            await timer.WaitForNextTickAsync();
        }
    }

    public void Dispose() => _client.Dispose();
}
