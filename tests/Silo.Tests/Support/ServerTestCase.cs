using Xunit.Abstractions;
using Xunit.Sdk;

namespace Quota.Silo.Tests.Support;

/// <summary>A test case that knows whether its server is to be had.</summary>
public sealed class ServerTestCase : XunitTestCase
{
    [Obsolete("Called by the deserializer.", error: true)]
    public ServerTestCase()
    {
    }

    public ServerTestCase(IMessageSink messages, TestMethodDisplay display, TestMethodDisplayOptions options, ITestMethod method)
        : base(messages, display, options, method)
    {
    }

    protected override string GetSkipReason(IAttributeInfo factAttribute) =>
        base.GetSkipReason(factAttribute) ?? NeedsServerAttribute.Missing(TestMethod.TestClass.Class.ToRuntimeType())!;
}
