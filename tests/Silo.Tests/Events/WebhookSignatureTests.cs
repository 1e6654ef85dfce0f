using Quota.Silo.Catalog;
using Quota.Silo.Events;

namespace Quota.Silo.Tests.Events;

public sealed class WebhookSignatureTests
{
    [Fact]
    public void The_vector_of_the_reference_libraries_and_of_the_document_holds()
    {
        WebhookModel webhook = WebhookModel.TryCreate("https://example.com/", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", out _, out _)!;
        string signature = WebhookSignature.Sign(webhook.Key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, "{\"test\": 2432232314}"u8);
        Assert.Equal("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", signature);
    }
}
