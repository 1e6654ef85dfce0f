using System.Text;
using Quota.Silo.Catalog;

namespace Quota.Silo.Tests.Catalog;

public sealed class WebhookModelTests
{
    private const string Secret = "sixteen bytes at";

    [Theory]
    [InlineData("http://127.0.0.1:8080/hook")]
    [InlineData("https://example.com")]
    [InlineData("https://example.com/a?b=c")]
    public void An_http_address_is_taken(string url)
    {
        WebhookModel webhook = WebhookModel.TryCreate(url, Secret, out string? field, out string? error)!;
        Assert.Equal((new Uri(url), null, null), (webhook.Url, field, error));
    }

    [Theory]
    [InlineData("")]
    [InlineData("example.com/hook")]
    [InlineData("/hook")]
    [InlineData("ftp://example.com/")]
    [InlineData("file:///etc/passwd")]
    [InlineData("https://user:password@example.com/")]
    [InlineData("https://example.com/#part")]
    public void Another_address_is_refused(string url)
    {
        Assert.Null(WebhookModel.TryCreate(url, Secret, out string? field, out string? error));
        Assert.Equal("url", field);
        Assert.NotNull(error);
    }

    [Fact]
    public void The_address_is_bounded()
    {
        string url = "https://example.com/";
        Assert.NotNull(WebhookModel.TryCreate(url.PadRight(2_048, 'a'), Secret, out _, out _));
        Assert.Null(WebhookModel.TryCreate(url.PadRight(2_049, 'a'), Secret, out string? field, out _));
        Assert.Equal("url", field);
    }

    [Theory]
    [InlineData(15, false)]
    [InlineData(16, true)]
    [InlineData(256, true)]
    [InlineData(257, false)]
    public void A_secret_is_16_to_256_bytes(int length, bool isTaken)
    {
        WebhookModel? webhook = WebhookModel.TryCreate("https://example.com/", new string('s', length), out string? field, out _);
        Assert.Equal((isTaken, isTaken ? null : "secret"), (webhook is not null, field));
    }

    [Fact]
    public void A_secret_is_its_own_bytes_unless_it_is_marked_as_base64()
    {
        Assert.Equal(Encoding.UTF8.GetBytes(Secret), WebhookModel.TryCreate("https://example.com/", Secret, out _, out _)!.Key);
        byte[] key = [.. Enumerable.Range(0, 24).Select(i => (byte)(i * 11))];
        Assert.Equal(key, WebhookModel.TryCreate("https://example.com/", "whsec_" + Convert.ToBase64String(key), out _, out _)!.Key);
    }

    [Theory]
    [InlineData("whsec_not base64 at all!!")]
    [InlineData("whsec_AAAAAAAAAAAAAAAA")]
    public void A_marked_secret_that_is_not_base64_or_too_short_is_refused(string secret)
    {
        Assert.Null(WebhookModel.TryCreate("https://example.com/", secret, out string? field, out string? error));
        Assert.Equal("secret", field);
        Assert.DoesNotContain(secret[6..], error);
    }

    [Fact]
    public void Its_text_shows_neither_secret_nor_query() =>
        Assert.Equal("https://example.com/hook", WebhookModel.TryCreate("https://example.com/hook?token=1", Secret, out _, out _)!.ToString());

    [Fact]
    public void Equal_fields_are_equal_webhooks()
    {
        WebhookModel Create(string url, string secret) => WebhookModel.TryCreate(url, secret, out _, out _)!;
        Assert.Equal(Create("https://example.com/", Secret), Create("https://example.com/", Secret));
        Assert.NotEqual(Create("https://example.com/", Secret), Create("https://example.com/x", Secret));
        Assert.NotEqual(Create("https://example.com/", Secret), Create("https://example.com/", Secret + "!"));
    }
}
