using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using Quota.Contracts;
using Quota.Grains;
using Quota.Silo.Catalog;

namespace Quota.Silo.Events;

/// <summary>
/// Posts one event to a webhook. No proxy, no redirects (the answer to a signed request is the configured address's alone), no
/// cookies; connecting, the whole request and what is read of the answer are bounded. Safe for concurrent use: it has no state but
/// the pool of connections.
/// </summary>
public sealed class WebhookSender : IDisposable
{
    private readonly HttpMessageInvoker _http;
    private readonly TimeProvider _time;

    /// <param name="time">For the time-out of a request.</param>
    public WebhookSender(TimeProvider time)
    {
        _time = time;
        _http = new HttpMessageInvoker(new SocketsHttpHandler
        {
            UseProxy = false,
            UseCookies = false,
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
            ActivityHeadersPropagator = null,
            ConnectTimeout = TimeSpan.FromMilliseconds(Bounds.WebhookConnectMs),
            PooledConnectionLifetime = TimeSpan.FromMilliseconds(Bounds.WebhookConnectionLifetimeMs),
            MaxResponseHeadersLength = Bounds.WebhookResponseHeaderKibMax,
            MaxResponseDrainSize = Bounds.WebhookResponseBytesMax,
        });
    }

    /// <summary>Makes one attempt. Whatever the target does is an answer, not an exception.</summary>
    /// <param name="webhook">Where to, and the key that signs.</param>
    /// <param name="id">Of the event.</param>
    /// <param name="body">A <see cref="CloudEvent"/>.</param>
    /// <param name="now">When the attempt is made: signed with the body.</param>
    /// <param name="cancellation">Ends the attempt; it is then not known whether it arrived.</param>
    /// <exception cref="OperationCanceledException"><paramref name="cancellation"/> has fired.</exception>
    public async Task<WebhookAnswer> SendAsync(WebhookModel webhook, EventId id, byte[] body, Instant now, CancellationToken cancellation)
    {
        using var timeUp = new CancellationTokenSource(TimeSpan.FromMilliseconds(Bounds.WebhookTimeoutMs), _time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(timeUp.Token, cancellation);
        using HttpRequestMessage request = CreateRequest(webhook, id.ToString(), body, now.WallMs / 1000);
        try
        {
            using HttpResponseMessage response = await _http.SendAsync(request, both.Token).ConfigureAwait(false);
            return new WebhookAnswer((int)response.StatusCode, RetryAfter(response, now.WallMs));
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return new WebhookAnswer(0, Fault: timeUp.IsCancellationRequested ? "no answer in time" : "no connection in time");
        }
        catch (HttpRequestException e)
        {
            return new WebhookAnswer(0, Fault: e.HttpRequestError.ToString());
        }
        catch (IOException)
        {
            return new WebhookAnswer(0, Fault: "the connection broke");
        }
    }

    public void Dispose() => _http.Dispose();

    private static HttpRequestMessage CreateRequest(WebhookModel webhook, string id, byte[] body, long unixSeconds)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, webhook.Url) { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(CloudEvent.ContentType);
        request.Headers.UserAgent.Add(new ProductInfoHeaderValue("quota", null));
        request.Headers.Add(WebhookSignature.IdHeader, id);
        request.Headers.Add(WebhookSignature.TimestampHeader, unixSeconds.ToString(CultureInfo.InvariantCulture));
        request.Headers.Add(WebhookSignature.SignatureHeader, WebhookSignature.Sign(webhook.Key, id, unixSeconds, body));
        return request;
    }

    /// <summary>RFC 9110, 10.2.3: seconds or a date.</summary>
    private static TimeSpan? RetryAfter(HttpResponseMessage response, long nowMs)
    {
        if (response.StatusCode is not (HttpStatusCode.TooManyRequests or HttpStatusCode.ServiceUnavailable) || response.Headers.RetryAfter is not { } header)
        {
            return null;
        }
        TimeSpan wait = header.Delta ?? header.Date!.Value - DateTimeOffset.FromUnixTimeMilliseconds(nowMs);
        return wait < TimeSpan.Zero ? TimeSpan.Zero : wait;
    }
}
