using Google.Protobuf.Reflection;
using Quota.Contracts.Reflection.V1;
using Quota.Silo.Tests.Support;

namespace Quota.Silo.Tests.Protocols;

public sealed class ReflectionTests
{
    [Fact]
    public async Task Services_files_and_symbols_are_described()
    {
        await using EdgeFixture edge = await EdgeFixture.StartAsync();
        using GrpcTestStream call = await edge.Grpc.StreamAsync("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo");

        ServerReflectionResponse list = await Ask(new ServerReflectionRequest { Host = "h", ListServices = "*" });
        Assert.Equal(["grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection", "quota.v1.QuotaService"], list.ListServicesResponse.Service.Select(s => s.Name));
        Assert.Equal("h", list.OriginalRequest.Host);

        foreach (string symbol in (string[])["quota.v1.QuotaService", "quota.v1.QuotaService.CheckQuota", "quota.v1.CheckQuotaRequest", "quota.v1.CheckQuotaRequest.key", "quota.v1.Reason", "grpc.health.v1.HealthCheckResponse.ServingStatus"])
        {
            ServerReflectionResponse file = await Ask(new ServerReflectionRequest { FileContainingSymbol = symbol });
            FileDescriptorProto proto = FileDescriptorProto.Parser.ParseFrom(file.FileDescriptorResponse.FileDescriptorProto.Single());
            Assert.StartsWith(proto.Package, symbol, StringComparison.Ordinal);
        }
        ServerReflectionResponse byName = await Ask(new ServerReflectionRequest { FileByFilename = "quota/v1/quota.proto" });
        Assert.Single(byName.FileDescriptorResponse.FileDescriptorProto);
        Assert.Equal(5, (await Ask(new ServerReflectionRequest { FileByFilename = "nothing.proto" })).ErrorResponse.ErrorCode);
        Assert.Equal(5, (await Ask(new ServerReflectionRequest { FileContainingSymbol = "nothing" })).ErrorResponse.ErrorCode);
        Assert.Equal(5, (await Ask(new ServerReflectionRequest { AllExtensionNumbersOfType = "quota.v1.Header" })).ErrorResponse.ErrorCode);
        Assert.Equal(3, (await Ask(new ServerReflectionRequest())).ErrorResponse.ErrorCode);
        call.Complete();
        Assert.Equal((0, ""), await call.EndAsync());

        async Task<ServerReflectionResponse> Ask(ServerReflectionRequest request)
        {
            await call.WriteAsync(request);
            return await call.ReadAsync(ServerReflectionResponse.Parser);
        }
    }
}
