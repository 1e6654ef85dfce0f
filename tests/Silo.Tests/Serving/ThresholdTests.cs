using System.Net;
using System.Text.Json;
using Quota.Silo.Tests.Events;
using Quota.Silo.Tests.Support;

namespace Quota.Silo.Tests.Serving;

/// <summary>Thresholds from the check that reaches one to the webhook that hears of it, through a whole silo.</summary>
public sealed class ThresholdTests
{
    [Fact]
    public async Task Each_threshold_is_told_once_per_period_for_every_level_and_again_after_a_restart_only_if_it_was_not_delivered()
    {
        await using WebhookReceiver receiver = await WebhookReceiver.StartAsync(TimeProvider.System);
        string yaml = $$"""
            namespaces:
              shop:
                unknown_keys: deny
                webhook: { url: "{{receiver.Webhook.Url}}", secret: "{{receiver.Webhook.Secret}}" }
                plans:
                  p: { limits: [{ name: year, quota: { amount: 10, period: year, thresholds: [50, 100] } }] }
                keys:
                  parent: p
                  child: { plan: p, parent: parent }
            """;
        await using AdminFixture silo = await AdminFixture.StartAsync(yaml);

        // 1. Nobody gave a request id, so the event's record is the first record of any kind.
        Assert.Equal(HttpStatusCode.OK, (await silo.Checks.CheckAsync("shop", "child", 5)).Status);
        string[] told = [Describe(await receiver.NextAsync()), Describe(await receiver.NextAsync())];
        Assert.Equal(["child 50 5", "parent 50 5"], told.Order(StringComparer.Ordinal));

        // 2. A refund and the same again is the same crossing.
        using var http = new HttpClient { BaseAddress = new Uri("http://" + silo.Host.Endpoints.Http) };
        using var refund = new StringContent("""{"namespace":"shop","key":"child","cost":2}""", System.Text.Encoding.UTF8, "application/json");
        Assert.Equal(HttpStatusCode.OK, (await http.PostAsync("/v1/refund", refund)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await silo.Checks.CheckAsync("shop", "child", 2)).Status);

        // 3. What the target did not take is sent again, also by the next process.
        receiver.Answer = (_, context) => WebhookReceiver.StatusAsync(context, 500);
        Assert.Equal(HttpStatusCode.OK, (await silo.Checks.CheckAsync("shop", "child", 5)).Status);
        told = [Describe(await receiver.NextAsync()), Describe(await receiver.NextAsync())];
        Assert.All(told, t => Assert.Contains(" 100 10", t, StringComparison.Ordinal));
        receiver.Answer = (_, context) => WebhookReceiver.StatusAsync(context, 204);
        Assert.Null(await silo.RestartAsync(yaml));
        var again = new HashSet<string>(StringComparer.Ordinal);
        while (again.Count < 2)
        {
            again.Add(Describe(await receiver.NextAsync()));
        }
        Assert.Equal(["child 100 10", "parent 100 10"], again.Order(StringComparer.Ordinal));
    }

    private static string Describe(ReceivedRequest request)
    {
        using JsonDocument document = JsonDocument.Parse(request.Body);
        JsonElement data = document.RootElement.GetProperty("data");
        return $"{data.GetProperty("key").GetString()} {data.GetProperty("thresholdPercent")} {data.GetProperty("used")}";
    }
}
