using Xunit.Abstractions;
using Xunit.Sdk;

namespace Quota.Silo.Tests.Support;

/// <summary>Makes a case of each <see cref="ServerFactAttribute"/>: which class it belongs to is known here, and not to the attribute.</summary>
public sealed class ServerFactDiscoverer(IMessageSink messages) : IXunitTestCaseDiscoverer
{
    public IEnumerable<IXunitTestCase> Discover(ITestFrameworkDiscoveryOptions discoveryOptions, ITestMethod testMethod, IAttributeInfo factAttribute) =>
        [new ServerTestCase(messages, discoveryOptions.MethodDisplayOrDefault(), discoveryOptions.MethodDisplayOptionsOrDefault(), testMethod)];
}
