using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Google.Protobuf;
using Quota.Contracts.V1;
using Quota.Silo.Edge;
using Quota.Silo.Edge.Grpc;
using Quota.Silo.Limiting;
using Quota.Silo.Protocols.Json;
using Quota.Silo.Protocols.Native;

namespace Quota.Silo.Hosting;

/// <summary>
/// A silo's own first calls, over its own sockets and through its own journal. They find out whether it works, and they have
/// the runtime compile and optimise the way of a request before a caller waits for it.
/// </summary>
internal static class SelfTest
{
    /// <summary>Enough for the runtime's counters of hot code; reached in well under a second.</summary>
    private const int Calls = 3_000;

    private const int ConcurrencyMax = 8;

    /// <summary>The warm-up gives up its count here: a slow disk must not keep a silo from serving.</summary>
    private static readonly TimeSpan TimeMax = TimeSpan.FromSeconds(1);

    /// <summary>Runs the calls, no more at once than the silo takes. Returns what went wrong, or null.</summary>
    public static async Task<string?> RunAsync(EdgeEndpoints endpoints, int inFlightMax, CancellationToken cancellation)
    {
        using var client = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        var clock = Stopwatch.StartNew();
        try
        {
            int left = Calls;
            await Task.WhenAll(Enumerable.Range(0, Math.Min(ConcurrencyMax, inFlightMax)).Select(async worker =>
            {
                for (int i = worker; Interlocked.Decrement(ref left) >= 0 && (i == worker || clock.Elapsed < TimeMax); i++)
                {
                    await CallAsync(client, endpoints.Grpc, i % 4 == 0 ? "CheckQuotaBatch" : "CheckQuota", i, cancellation).ConfigureAwait(false);
                }
            })).ConfigureAwait(false);
            using var json = new StringContent($$"""{"namespace":"{{SelfTestNamespace.Name}}","key":"json"}""", Encoding.UTF8, "application/json");
            using HttpResponseMessage answer = await client.PostAsync(new Uri($"http://{Reachable(endpoints.Http)}{JsonCheckRoute.Path}"), json, cancellation).ConfigureAwait(false);
            return answer.IsSuccessStatusCode ? null : await answer.Content.ReadAsStringAsync(cancellation).ConfigureAwait(false);
        }
        catch (Exception e) when (e is HttpRequestException or InvalidDataException)
        {
            return e.Message;
        }
    }

    private static async Task CallAsync(HttpClient client, IPEndPoint endpoint, string method, int number, CancellationToken cancellation)
    {
        var check = new CheckQuotaRequest { Namespace = SelfTestNamespace.Name, Key = $"key-{number % 16}", Cost = number % 3, Headers = (HeaderDialect)(number % 4) };
        check.Attributes.Add("route", "/self");
        IMessage message = method == "CheckQuota" ? check : new CheckQuotaBatchRequest { Checks = { check, check } };
        byte[] frame = new byte[GrpcFrame.HeaderBytes + message.CalculateSize()];
        GrpcFrame.WriteHead(frame, compressed: false, frame.Length - GrpcFrame.HeaderBytes);
        message.WriteTo(frame.AsSpan(GrpcFrame.HeaderBytes));
        using var request = new HttpRequestMessage(HttpMethod.Post, $"http://{Reachable(endpoint)}/{QuotaService.Name}/{method}")
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new ByteArrayContent(frame),
        };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/grpc");
        using HttpResponseMessage response = await client.SendAsync(request, cancellation).ConfigureAwait(false);
        await response.Content.ReadAsByteArrayAsync(cancellation).ConfigureAwait(false);
        if (!TryGetStatus(response, out string? status) || status != "0")
        {
            throw new InvalidDataException($"{method} ended with grpc-status {status ?? "missing"}");
        }
    }

    private static bool TryGetStatus(HttpResponseMessage response, out string? status)
    {
        bool found = response.TrailingHeaders.TryGetValues("grpc-status", out IEnumerable<string>? values)
            || response.Headers.TryGetValues("grpc-status", out values);
        status = values?.First();
        return found;
    }

    /// <summary>An address that listens everywhere is called on loopback.</summary>
    private static IPEndPoint Reachable(IPEndPoint endpoint) =>
        endpoint.Address.Equals(IPAddress.Any) ? new IPEndPoint(IPAddress.Loopback, endpoint.Port)
        : endpoint.Address.Equals(IPAddress.IPv6Any) ? new IPEndPoint(IPAddress.IPv6Loopback, endpoint.Port)
        : endpoint;
}
